"""Clusters in memory that real informers follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
import msgspec
from aiohttp.base_protocol import BaseProtocol

from landbridge.api.core import NAMESPACES
from landbridge.api.kind import Kind
from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.api.multicluster import MultiClusterService
from landbridge.clusters.member import Member
from landbridge.fleet.cluster import Cluster
from landbridge.kube.errors import UnreachableError
from landbridge.kube.informer import own_key
from landbridge.kube.store import Store
from landbridge.mcs.state import FleetState
from tests.unit.memory_api import Body, MemoryApi, within
from tests.unit.objects import FLEET_UID

T = TypeVar("T", bound=Object)


class WatchedApi(MemoryApi):
    """Adds watches, from any version on, and an outage at will."""

    def __init__(self, server: str = "https://127.0.0.1:6443") -> None:
        super().__init__(server)
        self.down = False
        self.blind: set[str] = set()
        """Collections that nothing can be read of."""
        self.unwatched: set[str] = set()
        """Collections that can be listed, and not watched."""
        self.delay: asyncio.Event | None = None
        """What every write waits for, if there is one."""
        self.pause = 0.0
        """Seconds that every write takes."""
        self.slow: asyncio.Event | None = None
        """What every read waits for, if there is one."""
        self.slow_kinds: dict[str, asyncio.Event] = {}
        """What reads of a collection wait for."""
        self.late: asyncio.Event | None = None
        """What the answer to every write waits for, if there is one: its event comes first."""
        self._history: list[tuple[int, str, bytes]] = []
        self._watches: dict[aiohttp.StreamReader, str] = {}

    def add(self, kind: Kind[T], obj: T) -> None:
        """Place an object, as another client would."""
        path = kind.path(obj.metadata.namespace, obj.metadata.name)
        self.put(path, msgspec.json.decode(kind.encode(obj)))

    def take(self, kind: Kind[T], key: Key) -> None:
        """Take an object away, as another client would."""
        self.remove(kind.path(key.namespace, key.name))

    def held(self, kind: Kind[T]) -> dict[str, T]:
        """All objects of a kind, by name."""
        found = (body for path, body in self.objects.items() if within(path, kind.path()))
        return {obj.metadata.name: obj for obj in (msgspec.convert(body, kind.type) for body in found)}

    def cut(self, *kinds: Kind[Any]) -> None:
        """Answer nothing any more, or nothing about these kinds."""
        self.down = not kinds
        self.blind.update(kind.path() for kind in kinds)
        for reader, path in self._watches.items():
            if self.down or path in self.blind:
                reader.set_exception(UnreachableError("the line is cut"))

    def heal(self) -> None:
        """Answer again."""
        self.down = False
        self.blind.clear()

    def put(self, path: str, body: Body) -> None:
        verb = "MODIFIED" if path in self.objects else "ADDED"
        super().put(path, body)
        self._tell(verb, path, self.objects[path])

    def remove(self, path: str) -> None:
        last = self.objects[path]
        super().remove(path)
        self._tell("DELETED", path, last | {"metadata": last["metadata"] | {"resourceVersion": str(self._version)}})

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        timeout: float = 0,
    ) -> bytes:
        await asyncio.sleep(0)  # every request lets others run
        if wait := self.slow_kinds.get(path, self.slow) if method == "GET" else self.delay:
            await wait.wait()
        if method != "GET":
            await asyncio.sleep(self.pause)
        if self.down or path in self.blind:
            self.calls.append((method, path))
            raise UnreachableError("the line is cut")
        answer = await super().request(method, path, params=params, body=body, content_type=content_type)
        if self.late and method != "GET":
            await self.late.wait()
        return answer

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str], timeout: float
    ) -> AsyncGenerator[aiohttp.StreamReader]:
        if self.down or path in self.blind | self.unwatched:
            raise UnreachableError("the line is cut")
        await self.authenticate()
        loop = asyncio.get_running_loop()
        protocol = BaseProtocol(loop)
        protocol.connection_made(asyncio.Transport())
        reader = aiohttp.StreamReader(protocol, 2**24, loop=loop)
        for version, changed, line in self._history:
            if version > int(params["resourceVersion"]) and within(changed, path):
                reader.feed_data(line)
        self._watches[reader] = path
        try:
            yield reader
        finally:
            del self._watches[reader]

    def _tell(self, verb: str, path: str, body: Body) -> None:
        line = msgspec.json.encode({"type": verb, "object": body}) + b"\n"
        self._history.append((self._version, path, line))
        for reader, followed in self._watches.items():
            if within(path, followed):
                reader.feed_data(line)


class Heard:
    """What a member said."""

    def __init__(self) -> None:
        self.changes: list[Key] = []
        self.contacts: list[bool] = []

    def change(self, _: Member, key: Key) -> None:
        self.changes.append(key)

    def contact(self, _: Member, won: bool) -> None:
        self.contacts.append(won)


def make_member(cluster: Cluster, api: WatchedApi, heard: Heard | None = None) -> Member:
    """A member with the namespace of the tutorial."""
    heard = heard or Heard()
    api.add(NAMESPACES, Object(ObjectMeta("mcs-demo")))
    return Member(cluster, api, on_change=heard.change, on_contact=heard.contact)


@asynccontextmanager
async def following(*members: Member) -> AsyncGenerator[None]:
    """Members whose caches are live, and stay so."""
    async with running(*(member.follow() for member in members)):
        yield


@asynccontextmanager
async def running(*endless: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    """Things that run until the body is through, and must not end before."""
    tasks = [asyncio.create_task(one) for one in endless]
    await settle()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert [end for end in ends if not isinstance(end, asyncio.CancelledError)] == []


async def settle(seconds: float = 0.001) -> None:
    """Let everything happen that can: under looptime, time moves on only when nothing else is left to do."""
    await asyncio.sleep(seconds)


def make_state(*services: MultiClusterService, members: Iterable[Member] = ()) -> FleetState:
    """A fleet of these members, all of them engaged."""
    store: Store[MultiClusterService] = Store(own_key)
    for mcs in services:
        store.put(mcs)
    state = FleetState(FLEET_UID, multicluster_services=store)
    for member in members:
        state.clusters[member.name] = member.cluster
        state.members[member.name] = member
    return state
