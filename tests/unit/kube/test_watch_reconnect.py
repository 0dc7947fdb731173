"""How a watch comes back when its stream ends, whoever ended it."""

from __future__ import annotations

import pytest

from landbridge.kube.api import Api
from landbridge.kube.watch import EMPTY_STREAMS
from tests.unit.kube.fake_server import (
    Answer,
    FakeServer,
    Stream,
    added,
    bookmark,
    listing,
    modified,
    obj,
    refuses,
    resets,
)
from tests.unit.kube.watching import PATH, watching


@pytest.fixture(autouse=True)
def one_list(server: FakeServer) -> None:
    server.script(PATH, listing(7, obj("a", 3)))


def versions(server: FakeServer) -> list[str]:
    return [seen.params["resourceVersion"] for seen in server.watches]


async def test_stream_that_ends_in_time_is_no_loss_and_goes_on_where_it_was(api: Api, server: FakeServer) -> None:
    server.script_watch(PATH, Stream(added("b", 8)).end(), Stream(added("c", 9)))
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed a@3", "connected", "put b@8", "connected", "put c@9"]
    assert watch.pauses == []
    assert versions(server) == ["7", "8"]


async def test_goes_on_from_the_last_bookmark(api: Api, server: FakeServer) -> None:
    server.script_watch(PATH, Stream(added("b", 8), bookmark(90)).end(), Stream())
    async with watching(api) as watch:
        await watch.take(4)
    assert versions(server) == ["7", "90"]


async def test_stream_cut_in_the_middle_of_a_line_goes_on_after_the_last_whole_one(
    api: Api, server: FakeServer
) -> None:
    half = modified("b", 9)[:-20]
    server.script_watch(PATH, Stream(added("b", 8), half).cut(), Stream(modified("b", 9)))
    async with watching(api) as watch:
        told = await watch.take(6)
    assert told == ["listed a@3", "connected", "put b@8", "lost UnreachableError", "connected", "put b@9"]
    assert versions(server) == ["7", "8"]


async def test_half_a_line_at_a_proper_end_is_no_event(api: Api, server: FakeServer) -> None:
    server.script_watch(PATH, Stream(added("b", 8), added("c", 9)[:-1]).end(), Stream(added("c", 9)))
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed a@3", "connected", "put b@8", "connected", "put c@9"]
    assert versions(server) == ["7", "8"]


async def test_server_that_closes_again_and_again_without_an_event_is_listed_again(
    api: Api, server: FakeServer
) -> None:
    """Some servers do not say 410 (fabric8io/kubernetes-client#7896)."""
    server.script(PATH, listing(20))
    server.script_watch(PATH, *(Stream().end() for _ in range(EMPTY_STREAMS)), Stream())
    async with watching(api) as watch:
        told = await watch.take(1 + EMPTY_STREAMS + 3)
    assert told == ["listed a@3", *["connected"] * EMPTY_STREAMS, "lost 410", "listed", "connected"]
    assert versions(server) == ["7"] * EMPTY_STREAMS + ["20"]
    assert server.lists[1].params == {}, "decides what is gone, so it is a quorum read (S7)"


@pytest.mark.parametrize("event", [added("b", 8), bookmark(8)], ids=["change", "bookmark"])
async def test_one_event_is_enough_to_trust_the_stream(api: Api, server: FakeServer, event: bytes) -> None:
    quick = [Stream().end() for _ in range(EMPTY_STREAMS - 1)]
    more = [Stream().end() for _ in range(EMPTY_STREAMS - 1)]
    server.script_watch(PATH, *quick, Stream(event).end(), *more, Stream(added("c", 9)))
    async with watching(api) as watch:
        told = await watch.take(2 * EMPTY_STREAMS + (b"ADDED" in event) + 2)
    assert told[-1] == "put c@9"
    assert len(server.lists) == 1


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (resets, "lost UnreachableError"),
        (refuses(401, "Unauthorized"), "lost 401"),
        (refuses(403, "Forbidden"), "lost 403"),
        (refuses(500, "InternalError"), "lost 500"),
        (refuses(503, "ServiceUnavailable"), "lost 503"),
    ],
    ids=["reset", "401", "403", "500", "503"],
)
async def test_trouble_is_told_and_what_is_known_is_kept_s7(
    api: Api, server: FakeServer, trouble: Answer, told: str
) -> None:
    if trouble is resets:
        server.script_watch(PATH, resets)  # aiohttp asks once more by itself
    server.script_watch(PATH, trouble, Stream(added("b", 8)))
    async with watching(api) as watch:
        assert await watch.take(4) == ["listed a@3", told, "connected", "put b@8"]
    assert set(versions(server)) == {"7"}
    assert len(server.lists) == 1


async def test_waits_longer_after_each_failure_and_briefly_after_an_event(api: Api, server: FakeServer) -> None:
    server.script_watch(PATH, *(refuses(500) for _ in range(4)), Stream(added("b", 8)).cut(), Stream())
    async with watching(api) as watch:
        await watch.take(9)
    assert watch.pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 0.1])


async def test_stream_that_opens_but_brings_nothing_is_no_success(api: Api, server: FakeServer) -> None:
    server.script_watch(PATH, *(Stream().cut() for _ in range(3)), Stream())
    async with watching(api) as watch:
        await watch.take(8)
    assert watch.pauses == pytest.approx([0.1, 0.2, 0.4])


async def test_waits_as_long_as_the_server_asks(api: Api, server: FakeServer) -> None:
    server.script_watch(PATH, refuses(429, "TooManyRequests", Retry_After="17"), Stream())
    async with watching(api) as watch:
        await watch.take(3)
    assert watch.pauses == [17.0]


@pytest.mark.parametrize(
    "garbage",
    [b"<html>\n", b'{"type":"SURPRISE","object":{}}\n', b'{"type":"ADDED","object":7}\n', b'{"object":{}}\n'],
    ids=["no JSON", "unknown type", "no object", "no type"],
)
async def test_event_that_cannot_be_read_is_a_loss_and_not_a_crash(
    api: Api, server: FakeServer, garbage: bytes
) -> None:
    stream = Stream(added("b", 8))
    server.script_watch(PATH, stream, Stream(added("c", 9)))
    async with watching(api) as watch:
        assert await watch.take(3) == ["listed a@3", "connected", "put b@8"]
        stream.send(garbage)
        assert await watch.take(3) == ["lost UnreachableError", "connected", "put c@9"]
    assert server.url in str(watch.lost[0].error)
    assert versions(server) == ["7", "8"]


async def test_closing_a_watch_closes_its_connection(api: Api, server: FakeServer) -> None:
    stream = Stream(added("b", 8))
    server.script_watch(PATH, stream)
    async with watching(api) as watch:
        await watch.take(3)
    await stream.closed.wait()
