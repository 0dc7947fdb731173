"""A watch that never ends: list, follow the changes, reconnect; list again when the server demands it, or is in doubt.

Three loops with one worry each: `Watch.events` survives (errors, 410, silence, servers that close at once or went back
in time), `Watch._follow` is one HTTP request, `lines.batches` finds the line ends (lines are longer than aiohttp's
readline allows). The protocol is that of "Efficient detection of changes" in the Kubernetes documentation
(reference/using-api/api-concepts).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from landbridge.api.kind import Kind
from landbridge.api.meta import Object
from landbridge.kube.api import Api, selectors
from landbridge.kube.backoff import Backoff
from landbridge.kube.errors import GoneError, KubeError, UnreachableError, api_error
from landbridge.kube.lines import Bookmark, Deleted, Error, Lines, Unread, batches
from landbridge.kube.listing import Survey
from landbridge.kube.patience import Doubt
from landbridge.kube.revision import revision
from landbridge.kube.unreadable import TooManyUnreadableError, Unreadable, Unreadables

T = TypeVar("T", bound=Object)

LIVED = 2.0
"""Seconds after which a stream's end is no failure, but what balancers and servers do to streams."""

WHOLE = 0.9
"""Part of its time that a stream has to last: servers round it."""

CONFIRMATION = 1.0
"""Seconds until a list that takes something away is asked for again."""


@dataclass(frozen=True)
class Listed(Generic[T]):
    """Everything there is; what is not in it is gone."""

    items: tuple[T, ...]
    version: str
    """As of which all of this is so."""
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True)
class Connected:
    """The stream is open: from here on silence means that nothing changes."""


@dataclass(frozen=True)
class Changed(Generic[T]):
    """One object was put or deleted."""

    object: T
    deleted: bool


@dataclass(frozen=True)
class Proved:
    """A bookmark: nothing else happened up to now."""


@dataclass(frozen=True)
class Interrupted:
    """The stream ended, as streams do, and is opened again at once."""


@dataclass(frozen=True)
class Lost:
    """Contact is lost: what is known stays, and grows old."""

    error: KubeError


Event = Listed[T] | Connected | Changed[T] | Unread | Proved | Interrupted | Lost


@dataclass(frozen=True)
class Scope(Generic[T]):
    """What is watched: objects of one kind, of all namespaces or one, all or some."""

    kind: Kind[T]
    namespace: str = ""
    selector: str = ""
    field: str = ""
    """A field selector, as ``metadata.name=x``."""

    @property
    def path(self) -> str:
        """The URL path of the collection."""
        return self.kind.path(self.namespace)

    async def survey(self, api: Api) -> Survey[T]:
        """Everything that is there now."""
        found = await api.survey(self.kind, self.namespace, selector=self.selector, field=self.field)
        if not revision(found.version):
            raise UnreachableError(f"{api.server} gave a list of {self.kind.plural} without a resource version")
        return found


class Watch(Generic[T]):
    """Everything that happens to the objects of a scope.

    All lists are quorum reads, because they decide what is gone. One that ``takes_away`` the last of something is
    believed only when a second one says so too.
    """

    def __init__(
        self,
        api: Api,
        scope: Scope[T],
        *,
        takes_away: Callable[[Sequence[T]], bool] = lambda items: False,
        backoff: Backoff | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._api = api
        self._scope = scope
        self._takes_away = takes_away
        self._patience = api.patience
        self._backoff = backoff or Backoff()
        self._sleep = sleep
        self._clock = asyncio.get_running_loop().time
        self._doubt = Doubt(api.patience, self._clock)
        self._lines = Lines(api.server, scope.kind)
        self._unreadable = Unreadables(api.server, scope.kind.kind)
        self._version = ""
        """How far it has got; empty when everything has to be listed."""
        self._opened: float | None = None
        """When the stream that is open was asked for."""

    async def events(self) -> AsyncGenerator[Event[T]]:
        """Forever; close it to stop."""
        try:
            while True:
                seconds = self._patience.stream()
                error: KubeError = UnreachableError(f"{self._api.server} closed the watch at once")
                closed = True
                self._opened = None
                try:
                    if not self._version or self._doubt.outlasted(seconds):
                        yield await self._list()
                    async with aclosing(self._follow(seconds)) as events:
                        async for event in events:
                            yield event
                except KubeError as caught:
                    error, closed = caught, False
                    if self._opened is None and isinstance(caught, UnreachableError):
                        self._version = ""  # it was away, and may come back with an etcd that was put back
                if not (closed and self._lived_whole(seconds)):
                    self._doubt.trouble()
                if self._survives(error, seconds):
                    yield Interrupted()
                else:
                    yield Lost(error)
                    await self._sleep(self._backoff.next(error))
        finally:
            self._unreadable.listed(())

    def _survives(self, error: KubeError, seconds: int) -> bool:
        """Whether contact outlives the end of a stream that was to take so long."""
        steady = self._lived >= min(LIVED, WHOLE * seconds)
        if steady:
            self._backoff.reset()
        if isinstance(error, GoneError | TooManyUnreadableError):
            self._version = ""
            return False
        return steady

    @property
    def _lived(self) -> float:
        """For how long the last stream did, in seconds."""
        return 0.0 if self._opened is None else self._clock() - self._opened

    def _lived_whole(self, seconds: int) -> bool:
        """Whether it ended when it was to. Of one that ended later, nobody saw the end: this machine may have slept."""
        return WHOLE * seconds <= self._lived <= seconds + self._patience.leeway

    async def _list(self) -> Listed[T]:
        found = await self._scope.survey(self._api)
        if self._takes_away(found.items):
            await self._sleep(CONFIRMATION)
            found = await self._scope.survey(self._api)
        self._unreadable.listed(found.unreadable)
        self._version = found.version
        self._doubt.listed()
        return Listed(found.items, found.version, found.unreadable)

    async def _follow(self, seconds: int) -> AsyncGenerator[Connected | Changed[T] | Unread | Proved]:
        """One watch request."""
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(seconds),
            **selectors(self._scope.selector, self._scope.field),
        }
        asked = self._clock()
        async with self._api.stream(self._scope.path, params, seconds + self._patience.leeway) as content:
            self._opened = asked
            yield Connected()
            async for batch in batches(content.iter_any(), self._api.server):
                for line in self._lines.read(batch):
                    match line:
                        case Error(status):
                            raise api_error(status.code, msgspec.json.encode(status))
                        case Unread(odd, deleted):
                            self._reach(odd.version)
                            if deleted:
                                self._unreadable.forget(odd.key)
                            else:
                                self._unreadable.seen(odd)
                            yield line
                        case Bookmark(obj):
                            self._reach(obj.metadata.resource_version)
                            yield Proved()
                        case _:
                            self._reach(line.object.metadata.resource_version)
                            self._unreadable.forget(line.object.metadata.key)
                            yield Changed(line.object, deleted=isinstance(line, Deleted))

    def _reach(self, version: str) -> None:
        """Something came, and so the stream is alive; what has no version may be anything, which a list will show."""
        if not version:
            self._doubt.trouble()
            return
        if revision(version) < revision(self._version):
            raise GoneError(410, "Expired", f"{self._api.server} went back from {self._version} to {version}")
        self._version = version
        self._doubt.proved()
