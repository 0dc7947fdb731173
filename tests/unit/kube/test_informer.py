"""What an informer tells, when, and above all when absence means something (S7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from landbridge.api.core import SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.kind import Kind
from landbridge.api.meta import Key, Object
from landbridge.api.names import SERVICE_NAME
from landbridge.kube.api import SILENCE, Api
from landbridge.kube.errors import ForbiddenError, GoneError, KubeError, UnreachableError
from landbridge.kube.informer import Informer, own_key
from tests.unit.kube.clock import Clock
from tests.unit.kube.fake_server import (
    FakeServer,
    Stream,
    added,
    deleted,
    in_stream_error,
    listing,
    modified,
    obj,
    refuses,
    resets,
)

PATH = SERVICES.path()
LONG = 60.0
"""Longer than any back-off."""


def service_of(obj: Object) -> Key:
    return Key(obj.metadata.namespace, obj.metadata.labels[SERVICE_NAME])


class Following:
    """A running informer, and what it told: keys, ``+`` for contact won and ``-`` for contact lost."""

    def __init__(self, api: Api, kind: Kind[Object], index: Callable[[Object], Key]) -> None:
        self._told: asyncio.Queue[str] = asyncio.Queue()
        self.informer = Informer(
            api, kind, on_change=lambda key: self._told.put_nowait(key.name), on_contact=self._contact, index=index
        )

    def _contact(self) -> None:
        self._told.put_nowait("+" if self.informer.live else "-")

    async def told(self, count: int) -> str:
        """The next things told, as one text."""
        async with asyncio.timeout(5):
            return " ".join([await self._told.get() for _ in range(count)])

    async def failed(self, error: type[KubeError]) -> None:
        """Until this is the error; a first attempt that fails is told to nobody."""
        async with asyncio.timeout(5):
            while not isinstance(self.informer.error, error):
                await asyncio.sleep(0)

    def live(self) -> bool:
        return self.informer.live

    def nothing_more(self) -> bool:
        return self._told.empty()

    @property
    def names(self) -> set[str]:
        return {found.metadata.name for found in self.informer.store}


@asynccontextmanager
async def following(
    api: Api, kind: Kind[Any] = SERVICES, index: Callable[[Any], Key] = own_key
) -> AsyncGenerator[Following]:
    following = Following(api, kind, index)
    task = asyncio.create_task(following.informer.run())
    try:
        yield following
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_tells_the_keys_of_what_is_there_and_of_every_change(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7, obj("a", 3)))
    server.script_watch(PATH, Stream(added("b", 8), modified("a", 9), deleted("b", 10)))
    async with following(api) as it:
        assert await it.told(5) == "a + b a b"
        assert it.names == {"a"}


async def test_is_not_live_before_the_watch_is_open_s7(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7, obj("a", 3)))
    stream = Stream().hold()
    server.script_watch(PATH, stream)
    async with following(api) as it:
        assert not it.live()
        assert await it.told(1) == "a"
        await stream.asked.wait()
        assert not it.live(), "something may have changed since the list"
        assert it.nothing_more()
        stream.release()
        assert await it.told(1) == "+"
        assert it.live()
        assert it.informer.error is None


async def test_lost_contact_removes_nothing_s7(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7, obj("a", 3)))
    server.script_watch(PATH, Stream().cut())
    async with following(api) as it:
        assert await it.told(3) == "a + -"
        assert not it.live()
        assert isinstance(it.informer.error, UnreachableError)
        assert it.names == {"a"}


async def test_contact_won_back_goes_on_without_telling_what_did_not_change(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script(PATH, listing(7, obj("a", 3), obj("b", 4)))
    server.script_watch(PATH, Stream().cut(), Stream(modified("a", 8)))
    async with following(api) as it:
        assert (await it.told(4)).endswith("+ -")
        clock.advance(LONG)
        assert await it.told(2) == "+ a"
        assert it.informer.error is None
    assert len(server.lists) == 1


async def test_after_a_new_list_what_it_lacks_is_gone_but_not_live_before_the_watch_is_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script(PATH, listing(7, obj("a", 3), obj("b", 4), obj("c", 5)), listing(20, obj("a", 3), obj("c", 19)))
    again = Stream().hold()
    server.script_watch(PATH, Stream(in_stream_error(410, "Expired")), again)
    async with following(api) as it:
        assert (await it.told(5)).endswith("+ -")
        assert isinstance(it.informer.error, GoneError)
        assert it.names == {"a", "b", "c"}
        clock.advance(LONG)
        assert sorted((await it.told(2)).split()) == ["b", "c"]
        assert it.names == {"a", "c"}
        await again.asked.wait()
        assert not it.live()
        again.release()
        assert await it.told(1) == "+"


async def test_empty_list_after_a_loss_is_a_quorum_read_s7(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script(PATH, listing(7, obj("a", 3)), listing(20))
    server.script_watch(PATH, refuses(410), Stream())
    async with following(api) as it:
        assert await it.told(1) == "a"
        await it.failed(GoneError)
        clock.advance(LONG)
        assert await it.told(2) == "a +"
        assert it.names == set()
    assert server.lists[1].params == {}


async def test_silence_is_lost_contact_s7(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script(PATH, listing(7, obj("a", 3)))
    server.script_watch(PATH, Stream())
    async with following(api) as it:
        assert await it.told(2) == "a +"
        clock.advance(SILENCE + 1)
        assert await it.told(1) == "-"
        assert it.names == {"a"}


async def test_server_that_is_away_from_the_start_is_tried_on(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script(PATH, resets, resets, refuses(403, "Forbidden"), listing(7, obj("a", 3)))
    server.script_watch(PATH, Stream())
    async with following(api) as it:
        for error in (UnreachableError, ForbiddenError):
            await it.failed(error)
            assert not it.live()
            clock.advance(LONG)
        assert await it.told(2) == "a +"


async def test_regular_end_of_a_stream_is_no_lost_contact(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7))
    server.script_watch(PATH, Stream(added("a", 8)).end(), Stream(added("b", 9)))
    async with following(api) as it:
        assert await it.told(3) == "+ a b"
        assert it.live()


async def test_own_write_that_overtook_its_event_stays_and_is_not_told_twice(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7, obj("a", 3)))
    stream = Stream()
    server.script_watch(PATH, stream)
    async with following(api) as it:
        assert await it.told(2) == "a +"
        written = SERVICES.decoder.decode(b'{"metadata":{"name":"a","namespace":"shop","resourceVersion":"12"}}')
        assert it.informer.store.answered(written, it.informer.store.epoch) == {Key("shop", "a")}
        stream.send(modified("a", 11), modified("a", 12), added("b", 13))
        assert await it.told(1) == "b"
        assert it.informer.store.get(Key("shop", "a")) is written


async def test_tells_index_keys_and_both_where_an_object_moved(api: Api, server: FakeServer) -> None:
    def slice_of(service: str, version: int) -> bytes:
        return added("s-1", version, metadata={**obj("s-1", version)["metadata"], "labels": {SERVICE_NAME: service}})

    server.script(SLICES.path(), listing(7))
    server.script_watch(SLICES.path(), Stream(slice_of("web", 8), slice_of("db", 9)))
    async with following(api, SLICES, service_of) as it:
        assert await it.told(2) == "+ web"
        assert sorted((await it.told(2)).split()) == ["db", "web"]


async def test_informer_that_was_ended_is_not_live_s7(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7, obj("a", 3)))
    server.script_watch(PATH, Stream())
    async with following(api) as it:
        assert await it.told(2) == "a +"
    assert not it.live(), "nobody follows any more"
