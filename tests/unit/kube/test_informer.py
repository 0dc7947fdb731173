"""What an informer tells, when, and above all when absence means something (S7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from landbridge.api.core import SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.kind import Kind
from landbridge.api.meta import Key, Object
from landbridge.api.names import SERVICE_NAME
from landbridge.kube.api import Api
from landbridge.kube.errors import ForbiddenError, GoneError, KubeError, UnreachableError
from landbridge.kube.informer import MOMENT, Informer, one, own_key
from landbridge.kube.watch import CONFIRMATION, LIVED
from tests.unit.kube.clock import Clock
from tests.unit.kube.fake_server import (
    QUORUM,
    FakeServer,
    Stream,
    added,
    bookmark,
    deleted,
    in_stream_error,
    listing,
    meta,
    modified,
    obj,
    refuses,
    resets,
)

PATH = SERVICES.path()
LONG = 16.0
"""Longer than any back-off."""


def service_of(obj: Object) -> Key:
    return Key(obj.metadata.namespace, obj.metadata.labels[SERVICE_NAME])


class Following:
    """A running informer, and what it told: keys, ``+`` for contact won and ``-`` for contact lost."""

    def __init__(
        self, api: Api, kind: Kind[Any], index: Callable[[Any], Key], weight: Callable[[Any], int], field: str
    ) -> None:
        self._told: asyncio.Queue[str] = asyncio.Queue()
        self.contacts: list[tuple[bool, bool]] = []
        """What it said of being synced and live, each time."""
        self.informer: Informer[Any] = Informer(
            api,
            kind,
            on_change=lambda key: self._told.put_nowait(key.name),
            on_contact=self._contact,
            field=field,
            index=index,
            weight=weight,
        )

    def _contact(self) -> None:
        now = self.informer.synced, self.informer.live
        if now != (True, False) or self.contacts:  # the first list is no contact lost
            self._told.put_nowait("+" if self.informer.live else "-")
        self.contacts.append(now)

    async def told(self, count: int) -> str:
        """The next things told, as one text."""
        return " ".join([await self._told.get() for _ in range(count)])

    async def failed(self, error: type[KubeError]) -> None:
        """Until this is the error; a first attempt that fails is told to nobody."""
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
    api: Api,
    kind: Kind[Any] = SERVICES,
    index: Callable[[Any], Key] = own_key,
    weight: Callable[[Any], int] = one,
    field: str = "",
) -> AsyncGenerator[Following]:
    following = Following(api, kind, index, weight, field)
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


async def test_says_when_everything_was_listed_once_even_if_no_watch_can_be_opened_s11(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    """It may be all that somebody waits for, and it is true for good."""
    server.script(PATH, listing(7, obj("a", 3)), listing(8, obj("a", 3)))
    server.script_watch(PATH, refuses(403, "Forbidden"), refuses(410), refuses(403, "Forbidden"))
    async with following(api) as it:
        assert await it.told(1) == "a"
        for count, error in ((2, ForbiddenError), (3, GoneError), (5, ForbiddenError)):
            await server.asked(count)
            await it.failed(error)
            assert it.contacts == [(True, False)]
            clock.advance(LONG)


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
    left = listing(20, obj("a", 3), obj("c", 19))
    server.script(PATH, listing(7, obj("a", 3), obj("b", 4), obj("c", 5)), left, left)
    again = Stream().hold()
    server.script_watch(PATH, Stream(in_stream_error(410, "Expired")), again)
    async with following(api) as it:
        assert (await it.told(5)).endswith("+ -")
        assert isinstance(it.informer.error, GoneError)
        assert it.names == {"a", "b", "c"}
        clock.advance(LONG)
        await server.asked(4)
        assert it.names == {"a", "b", "c"}, "not before it is confirmed"
        clock.advance(CONFIRMATION)
        assert sorted((await it.told(2)).split()) == ["b", "c"]
        assert it.names == {"a", "c"}
        await again.asked.wait()
        assert not it.live()
        again.release()
        assert await it.told(1) == "+"


async def test_empty_list_after_a_loss_is_confirmed_by_a_second_quorum_read_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script(PATH, listing(7, obj("a", 3)), listing(20), listing(21, obj("a", 3)))
    server.script_watch(PATH, refuses(410), Stream())
    async with following(api) as it:
        assert await it.told(1) == "a"
        await it.failed(GoneError)
        clock.advance(LONG)
        await server.asked(3)
        clock.advance(CONFIRMATION)
        assert await it.told(1) == "+"
        assert it.names == {"a"}
    assert [seen.params for seen in server.lists] == [QUORUM] * 3


async def test_list_that_leaves_a_key_nothing_that_counts_is_confirmed_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    """The objects are still there, but none of them counts: a Service whose slices have no ready endpoint."""

    def slice_of(version: int, *ready: bool) -> dict[str, Any]:
        made = meta("s-1", version, labels={SERVICE_NAME: "web"})
        ends = [{"addresses": ["10.1.0.1"], "conditions": {"ready": one}} for one in ready]
        return {"metadata": made, "addressType": "IPv4", "endpoints": ends}

    alive, emptied = slice_of(3, True, False), slice_of(19, False)
    server.script(SLICES.path(), listing(7, alive), listing(20, emptied), listing(21, alive))
    server.script_watch(SLICES.path(), refuses(410), Stream())
    async with following(api, SLICES, service_of, lambda slice_: slice_.ready) as it:
        assert await it.told(1) == "web"
        await it.failed(GoneError)
        clock.advance(LONG)
        await server.asked(3)
        clock.advance(CONFIRMATION)
        assert await it.told(1) == "+"
        assert [slice_.ready for slice_ in it.informer.store] == [1]


async def test_stream_that_ends_and_is_opened_again_is_no_lost_contact(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script(PATH, listing(7))
    again = Stream(added("b", 9)).hold()
    server.script_watch(PATH, Stream(added("a", 8)).lives(clock, LIVED).cut(), again)
    async with following(api) as it:
        assert await it.told(2) == "+ a"
        await again.asked.wait()
        clock.advance(MOMENT - 0.5)
        again.release()
        assert await it.told(1) == "b"
        clock.advance(MOMENT)
        await asyncio.sleep(0.01)
        assert it.live()
        assert it.nothing_more()


async def test_stream_that_is_not_opened_again_in_a_moment_is_lost_contact_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script(PATH, listing(7))
    again = Stream().hold()
    server.script_watch(PATH, Stream().lives(clock, LIVED).cut(), again)
    async with following(api) as it:
        assert await it.told(1) == "+"
        await again.asked.wait()
        clock.advance(MOMENT)
        assert await it.told(1) == "-"
        assert not it.live()
        assert server.url in str(it.informer.error)
        again.release()
        assert await it.told(1) == "+"
        assert it.informer.error is None


async def test_says_when_the_server_last_proved_that_nothing_is_missing(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script(PATH, listing(7))
    stream = Stream()
    server.script_watch(PATH, stream)
    async with following(api) as it:
        assert (it.informer.synced, it.informer.proved_at) == (False, 0.0)
        assert await it.told(1) == "+"
        assert it.informer.synced
        began = last = it.informer.proved_at
        for proof in (bookmark(8), added("a", 9)):
            clock.advance(10)
            stream.send(proof)
            while it.informer.proved_at == last:
                await asyncio.sleep(0)
            last = it.informer.proved_at
        assert last >= began + 20


async def test_follows_one_object_by_its_name(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7))
    server.script_watch(PATH, Stream())
    async with following(api, field="metadata.name=a") as it:
        assert await it.told(1) == "+"
    assert [seen.params["fieldSelector"] for seen in server.seen] == ["metadata.name=a"] * 2


async def test_server_that_is_away_from_the_start_is_tried_on(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script(PATH, resets, resets, refuses(403, "Forbidden"), listing(7, obj("a", 3)))
    server.script_watch(PATH, Stream())
    async with following(api) as it:
        for error in (UnreachableError, ForbiddenError):
            await it.failed(error)
            assert not it.live()
            clock.advance(LONG)
        assert await it.told(2) == "a +"


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


async def test_object_that_cannot_be_read_any_more_stays_as_it_was_known_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    left = listing(20, obj("a", 15, spec=7), obj("b", 16))
    server.script(PATH, listing(7, obj("a", 3)), left, left)
    server.script_watch(
        PATH, Stream(modified("a", 8, spec=7), added("c", 9), in_stream_error(410)), Stream(deleted("a", 21, spec=7))
    )
    async with following(api) as it:
        assert await it.told(4) == "a + c -"
        assert it.names == {"a", "c"}
        clock.advance(LONG)
        await server.asked(3)
        clock.advance(CONFIRMATION)
        assert sorted((await it.told(3)).split()) == ["+", "b", "c"]
        assert await it.told(1) == "a", "deleted is deleted"
        assert it.names == {"b"}


async def test_objects_that_cannot_be_read_are_logged_once_and_counted_while_they_last(
    api: Api, server: FakeServer
) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("landbridge_unreadable_objects", {"kind": "Service"}) or 0.0

    before = counted()
    odd = [modified("a", 8, spec=7), modified("a", 9, spec=7), modified("b", 10, metadata=7), modified("c", 11)]
    server.script(PATH, listing(7, obj("a", 3, spec=7)))
    stream = Stream(*odd)
    server.script_watch(PATH, stream)
    with capture_logs() as logged:
        async with following(api) as it:
            assert await it.told(2) == "+ c"
            assert counted() - before == 2
            stream.send(modified("a", 12))
            assert await it.told(1) == "a"
            assert counted() - before == 1
        assert counted() == before
    assert [(one["object"], one["kind"], one["server"]) for one in logged] == [
        ("shop/a", "Service", server.url),
        ("without a name", "Service", server.url),
    ]
    assert "Expected `object`, got `int`" in logged[0]["reason"]
