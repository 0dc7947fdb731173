"""How a watch comes back when its stream ends, whoever ended it."""

from __future__ import annotations

import pytest

from landbridge.kube.api import Api
from landbridge.kube.watch import LIVED
from tests.unit.kube.clock import Clock
from tests.unit.kube.fake_server import (
    Answer,
    FakeServer,
    Stream,
    added,
    bookmark,
    in_stream_error,
    listing,
    modified,
    obj,
    refuses,
    resets,
)
from tests.unit.kube.watching import PATH, WHOLE, watching


@pytest.fixture(autouse=True)
def one_list(server: FakeServer) -> None:
    server.script(PATH, listing(7, obj("a", 3)))


DEEP = b"[" * 25_000 + b"\n"


def versions(server: FakeServer) -> list[str]:
    return [seen.params["resourceVersion"] for seen in server.watches]


async def test_stream_that_ends_in_time_is_no_loss_and_goes_on_where_it_was(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script_watch(PATH, Stream(added("b", 8)).lives(clock, WHOLE).end(), Stream(added("c", 9)))
    async with watching(api) as watch:
        assert await watch.take(6) == ["listed a@3", "connected", "put b@8", "ended", "connected", "put c@9"]
    assert watch.pauses == []
    assert versions(server) == ["7", "8"]
    assert len(server.lists) == 1


async def test_goes_on_from_the_last_bookmark(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script_watch(PATH, Stream(added("b", 8), bookmark(90)).lives(clock, WHOLE).end(), Stream())
    async with watching(api) as watch:
        await watch.take(6)
    assert versions(server) == ["7", "90"]


@pytest.mark.parametrize("last", [b"", in_stream_error(500, "InternalError", "etcd")], ids=["cut", "error"])
async def test_stream_that_lived_and_broke_is_opened_again_at_once(
    api: Api, server: FakeServer, clock: Clock, last: bytes
) -> None:
    """Balancers cut what is quiet, however often: that is neither a loss nor a reason to wait."""
    streams = [Stream().lives(clock, LIVED).send(*filter(None, [last])).cut() for _ in range(5)]
    server.script_watch(PATH, *streams, Stream(added("b", 8)))
    async with watching(api) as watch:
        told = await watch.take(13)
    assert told == ["listed a@3", *["connected", "ended"] * 5, "connected", "put b@8"]
    assert watch.pauses == []


async def test_stream_cut_in_the_middle_of_a_line_goes_on_after_the_last_whole_one(
    api: Api, server: FakeServer
) -> None:
    half = modified("b", 9)[:-20]
    server.script_watch(PATH, Stream(added("b", 8), half).cut(), Stream(modified("b", 9)))
    async with watching(api) as watch:
        told = await watch.take(6)
    assert told == ["listed a@3", "connected", "put b@8", "lost UnreachableError", "connected", "put b@9"]
    assert versions(server) == ["7", "8"]


async def test_half_a_line_at_a_proper_end_is_no_event(api: Api, server: FakeServer, clock: Clock) -> None:
    half = added("c", 9)[:-1]
    server.script_watch(PATH, Stream(added("b", 8), half).lives(clock, WHOLE).end(), Stream(added("c", 9)))
    async with watching(api) as watch:
        assert await watch.take(6) == ["listed a@3", "connected", "put b@8", "ended", "connected", "put c@9"]
    assert versions(server) == ["7", "8"]


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
        server.script(PATH, listing(7, obj("a", 3)))
    compared = ["listed a@3"] if trouble is resets else []  # who gave no answer may have been put back
    server.script_watch(PATH, trouble, Stream(added("b", 8)))
    async with watching(api) as watch:
        expected = ["listed a@3", told, *compared, "connected", "put b@8"]
        assert await watch.take(len(expected)) == expected
    assert set(versions(server)) == {"7"}
    assert len(server.lists) == 1 + len(compared)


async def test_reconnect_that_fails_is_a_loss_though_the_stream_had_lived_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script_watch(PATH, Stream().lives(clock, LIVED).cut(), refuses(503), Stream())
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed a@3", "connected", "ended", "lost 503", "connected"]


async def test_waits_longer_after_each_failure_and_briefly_after_a_stream_that_lived(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    failures = [refuses(500) for _ in range(4)]
    server.script_watch(PATH, *failures, Stream().lives(clock, LIVED).cut(), refuses(500), Stream())
    async with watching(api) as watch:
        await watch.take(9)
    assert watch.pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 0.1])


@pytest.mark.parametrize("event", [b"", added("b", 8), bookmark(8)], ids=["nothing", "change", "bookmark"])
@pytest.mark.parametrize("properly", [False, True])
async def test_server_that_closes_at_once_is_asked_less_and_less_often(
    api: Api, server: FakeServer, event: bytes, properly: bool
) -> None:
    """Whatever it sends before: it would be asked thousands of times a second."""
    streams = [Stream(*filter(None, [event])) for _ in range(5)]
    server.script_watch(PATH, *(stream.end() if properly else stream.cut() for stream in streams), Stream())
    async with watching(api) as watch:
        while len(server.watches) < 6:
            await watch.take(1)
    assert watch.pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6])


async def test_waits_as_long_as_the_server_asks(api: Api, server: FakeServer) -> None:
    server.script_watch(PATH, refuses(429, "TooManyRequests", Retry_After="17"), Stream())
    async with watching(api) as watch:
        await watch.take(3)
    assert watch.pauses == [17.0]


@pytest.mark.parametrize(
    "garbage",
    [b"<html>\n", b'{"type":"SURPRISE","object":{}}\n', b'{"type":"ERROR","object":7}\n', b'{"object":{}}\n', DEEP],
    ids=["no JSON", "unknown type", "no Status", "no type", "deep"],
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
