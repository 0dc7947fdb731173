"""A watch is proved alive again and again, by an event, a bookmark or a list, or what it told is not believed any more.

A server whose etcd was put back to an older revision accepts a watch from a revision that it has not reached, and says
nothing, not even bookmarks; and when it has got there by itself, it says nothing of what it lost.
"""

from __future__ import annotations

import pytest

from landbridge.api.core import Service
from landbridge.kube.api import Api
from tests.unit.kube.clock import Clock
from tests.unit.kube.fake_server import (
    QUORUM,
    Answer,
    FakeServer,
    Stream,
    added,
    bookmark,
    hangs,
    listing,
    obj,
    refuses,
    resets,
)
from tests.unit.kube.watching import PATH, WHOLE, Watching, watching

BOUND = 90.0


@pytest.fixture(autouse=True)
def lists(server: FakeServer) -> None:
    server.script(PATH, listing(100, obj("a", 90)), listing(40, obj("b", 30)))


async def second_list(watch: Watching[Service]) -> list[str]:
    """What was told up to the second list."""
    told = await watch.take(1)
    while not told[-1].startswith("listed") or len(told) == 1:
        told += await watch.take(1)
        assert told.count("connected") < 8, "no second list"
    return told


async def test_streams_without_a_proof_are_followed_by_a_list_within_90_seconds_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script_watch(PATH, *(Stream().lives(clock, WHOLE).end() for _ in range(9)))
    began = clock()
    async with watching(api) as watch:
        told = await second_list(watch)
    assert clock() - began < BOUND
    assert told == ["listed a@90", *["connected", "ended"] * 2, "listed b@30"]
    assert server.lists[1].params == QUORUM


@pytest.mark.parametrize("proof", [added("c", 101), bookmark(101)], ids=["event", "bookmark"])
async def test_proof_puts_the_list_off(api: Api, server: FakeServer, clock: Clock, proof: bytes) -> None:
    streams = [Stream() for _ in range(5)]
    streams[1].send(proof)
    server.script_watch(PATH, *(stream.lives(clock, WHOLE).end() for stream in streams))
    async with watching(api) as watch:
        told = await second_list(watch)
    assert told.count("connected") == 3


@pytest.mark.parametrize("how", ["cut", "closed", "refused", "cut at its end", "closed while this machine slept"])
async def test_after_trouble_a_proof_by_the_stream_is_none_s7(
    api: Api, server: FakeServer, clock: Clock, how: str
) -> None:
    """What comes back may be a restored etcd that has overtaken us already: its events and bookmarks look right."""
    first = Stream().lives(clock, 10)
    trouble: dict[str, list[Answer]] = {
        "cut": [first.cut()],
        "closed": [first.end()],
        "refused": [first.cut(), refuses(503)],
        "cut at its end": [Stream().lives(clock, WHOLE).cut()],
        "closed while this machine slept": [Stream().lives(clock, 1).send(bookmark(150)).lives(clock, 45).end()],
    }
    healthy = (Stream(bookmark(200 + n)).lives(clock, WHOLE).end() for n in range(9))
    server.script_watch(PATH, *trouble[how], *healthy)
    began = clock()
    async with watching(api) as watch:
        told = await second_list(watch)
    assert clock() - began < BOUND
    assert told[-1] == "listed b@30"


async def test_contact_comes_before_the_comparison(api: Api, server: FakeServer, clock: Clock) -> None:
    """After a short outage changes go on at once; a list of everything may take its time."""
    server.script_watch(PATH, Stream().lives(clock, 10).cut(), Stream(added("c", 101)))
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed a@90", "connected", "ended", "connected", "put c@101"]


async def test_after_a_long_outage_the_list_comes_first_s7(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script_watch(PATH, Stream().cut(), Stream())
    async with watching(api) as watch:
        assert await watch.take(3) == ["listed a@90", "connected", "lost UnreachableError"]
        clock.advance(BOUND)
        assert await watch.take(2) == ["listed b@30", "connected"]


async def test_who_gave_no_answer_is_compared_before_it_is_followed_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    """It may have begun anew, with an etcd of before: of what happened there meanwhile no event speaks.

    It resets twice, since aiohttp itself asks once more on a new connection.
    """
    server.script_watch(PATH, Stream().lives(clock, 10).cut(), resets, resets, Stream(added("c", 101)))
    async with watching(api) as watch:
        assert await watch.take(3) == ["listed a@90", "connected", "ended"]
        assert await watch.take(4) == ["lost UnreachableError", "listed b@30", "connected", "put c@101"]


async def test_comparison_ends_the_doubt(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script_watch(PATH, Stream().cut(), Stream().lives(clock, BOUND).cut())
    server.script_watch(PATH, *(Stream(bookmark(50 + n)).lives(clock, WHOLE).end() for n in range(9)))
    async with watching(api) as watch:
        await second_list(watch)
        assert await watch.take(12) == ["connected", "proved", "ended"] * 4
    assert len(server.lists) == 2


@pytest.mark.parametrize("late", [added("c", 99), bookmark(99)], ids=["event", "bookmark"])
async def test_server_that_goes_back_is_listed_again_s7(api: Api, server: FakeServer, late: bytes) -> None:
    server.script_watch(PATH, Stream(late), Stream())
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed a@90", "connected", "lost 410", "listed b@30", "connected"]
    assert server.watches[1].params["resourceVersion"] == "40"


async def test_stream_that_does_not_end_when_it_should_is_cut_and_opened_again(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    """The line is dead, or the server trickles."""
    silent = Stream(added("c", 101))
    server.script_watch(PATH, silent, Stream(added("d", 102)))
    async with watching(api) as watch:
        assert await watch.take(3) == ["listed a@90", "connected", "put c@101"]
        waiting = watch.soon()
        clock.advance(WHOLE + 6)
        assert await waiting == "ended"
        await silent.closed.wait()
        assert await watch.take(2) == ["connected", "put d@102"]
    assert [seen.params["resourceVersion"] for seen in server.watches] == ["100", "101"]


async def test_watch_that_is_never_answered_is_given_up(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script_watch(PATH, hangs, Stream())
    async with watching(api) as watch:
        await watch.take(1)
        waiting = watch.soon()
        await server.asked(2)
        clock.advance(WHOLE + 6)
        assert await waiting == "lost UnreachableError"
        assert await watch.take(2) == ["listed b@30", "connected"]
