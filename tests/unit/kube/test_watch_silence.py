"""A stream on which nothing comes may be dead: bookmarks come about once a minute."""

from __future__ import annotations

from landbridge.kube.api import SILENCE, Api
from tests.unit.kube.clock import Clock
from tests.unit.kube.fake_server import FakeServer, Stream, added, bookmark, hangs, listing
from tests.unit.kube.watching import PATH, watching


async def test_silent_stream_is_given_up_and_opened_again_where_it_was_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script(PATH, listing(7))
    silent = Stream(added("a", 8))
    server.script_watch(PATH, silent, Stream(added("b", 9)))
    async with watching(api) as watch:
        assert await watch.take(3) == ["listed", "connected", "put a@8"]
        waiting = watch.soon()
        clock.advance(SILENCE + 1)
        assert await waiting == "lost UnreachableError"
        await silent.closed.wait()
        assert await watch.take(2) == ["connected", "put b@9"]
    assert [seen.params["resourceVersion"] for seen in server.watches] == ["7", "8"]
    assert len(server.lists) == 1


async def test_bookmark_in_time_keeps_a_stream(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script(PATH, listing(7))
    stream = Stream()
    server.script_watch(PATH, stream)
    async with watching(api) as watch:
        await watch.take(2)
        for version in range(10, 16):
            waiting = watch.soon()
            clock.advance(SILENCE - 5)
            stream.send(bookmark(version) + added("a", version))
            assert await waiting == f"put a@{version}"
    assert len(server.watches) == 1


async def test_watch_that_is_never_answered_is_given_up(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script(PATH, listing(7))
    server.script_watch(PATH, hangs, Stream())
    async with watching(api) as watch:
        await watch.take(1)
        waiting = watch.soon()
        await server.asked(2)
        clock.advance(SILENCE + 1)
        assert await waiting == "lost UnreachableError"
        assert await watch.take(1) == ["connected"]


async def test_list_that_is_never_answered_is_given_up(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script(PATH, hangs, listing(7))
    async with watching(api) as watch:
        waiting = watch.soon()
        await server.asked(1)
        clock.advance(SILENCE + 1)
        assert await waiting == "lost UnreachableError"
        assert await watch.take(1) == ["listed"]
