"""A watch that never ends: list once, follow the changes, reconnect, list again only when the server demands it.

Three loops with one worry each: `watch` survives (errors, 410, servers that close at once), `_follow` is one HTTP
request, `_batches` finds the line ends (lines are longer than aiohttp's readline allows). The protocol is that of
"Efficient detection of changes" in the Kubernetes documentation (reference/using-api/api-concepts).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from types import GenericAlias
from typing import Generic, TypeVar, Union

import msgspec

from landbridge.api.kind import Kind
from landbridge.api.meta import Lean, Object
from landbridge.kube.api import Api
from landbridge.kube.backoff import Backoff
from landbridge.kube.errors import GoneError, KubeError, Status, UnreachableError, api_error

T = TypeVar("T", bound=Object)

EMPTY_STREAMS = 3
"""Streams in a row without one event, after which the list is read again: some servers do not say 410."""


@dataclass(frozen=True)
class Listed(Generic[T]):
    """Everything there is; what is not in it is gone."""

    items: tuple[T, ...]
    version: str
    """As of which all of this is so."""


@dataclass(frozen=True)
class Connected:
    """The stream is open: from here on silence means that nothing changes."""


@dataclass(frozen=True)
class Changed(Generic[T]):
    """One object was put or deleted."""

    object: T
    deleted: bool


@dataclass(frozen=True)
class Lost:
    """Contact is lost: what is known stays, and grows old."""

    error: KubeError


Event = Listed[T] | Connected | Changed[T] | Lost


class _Line(Lean, Generic[T], frozen=True, gc=False, tag_field="type"):
    """A line of the stream."""

    object: T


class _Added(_Line[T], frozen=True, gc=False, tag="ADDED"):
    pass


class _Modified(_Line[T], frozen=True, gc=False, tag="MODIFIED"):
    pass


class _Deleted(_Line[T], frozen=True, gc=False, tag="DELETED"):
    pass


class _Bookmark(_Line[T], frozen=True, gc=False, tag="BOOKMARK"):
    pass


class _Error(Lean, frozen=True, gc=False, tag_field="type", tag="ERROR"):
    """Apart: a Status has fields (``status``) that the watched kind may have too, with another type."""

    object: Status


async def watch(
    api: Api,
    kind: Kind[T],
    *,
    namespace: str = "",
    selector: str = "",
    quorum: bool = False,
    backoff: Backoff | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[Event[T]]:
    """Everything that happens to the objects of a kind, forever. Close it to stop.

    The first list may come from the server's cache, unless ``quorum`` is set; a later one is a quorum read, because it
    decides what is gone.
    """
    backoff = backoff or Backoff()
    consistency = None if quorum else "0"
    version = ""
    empty = 0
    while True:
        try:
            if not version:
                listing = await api.list(kind, namespace, selector=selector, version=consistency)
                version, consistency = listing.metadata.resource_version, None
                yield Listed(listing.items, version)
            empty += 1
            async with aclosing(_follow(api, kind, namespace, selector, version)) as events:
                async for event in events:
                    if isinstance(event, Changed):
                        version = event.object.metadata.resource_version
                        empty = 0
                        backoff.reset()
                    if isinstance(event, Connected) or event.object.metadata.name:
                        yield event
            if empty >= EMPTY_STREAMS:
                raise GoneError(410, "Expired", "the server closed the watch again and again without an event")
        except KubeError as error:
            if isinstance(error, GoneError):
                version, empty = "", 0
            yield Lost(error)
            await sleep(backoff.next(error))


async def _follow(
    api: Api, kind: Kind[T], namespace: str, selector: str, version: str
) -> AsyncGenerator[Connected | Changed[T]]:
    """One watch request; a bookmark comes as a Changed object that has a version and no name."""
    params = {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": version,
        "timeoutSeconds": str(random.randrange(240, 300)),  # spread, so that watches do not all come back together
    }
    if selector:
        params["labelSelector"] = selector
    decoder = _decoder(kind)
    async with api.stream(kind.path(namespace), params) as content:
        yield Connected()
        async for batch in _batches(content.iter_any()):
            try:
                lines = decoder.decode_lines(batch)
            except msgspec.DecodeError as error:
                raise UnreachableError(f"{api.server} sent a watch event that cannot be read: {error}") from error
            for line in lines:
                if isinstance(line, _Error):
                    raise api_error(line.object.code, msgspec.json.encode(line.object))
                yield Changed(line.object, deleted=isinstance(line, _Deleted))


def _decoder(kind: Kind[T]) -> msgspec.json.Decoder[_Line[T] | _Error]:
    lines = [GenericAlias(line, (kind.type,)) for line in (_Added, _Modified, _Deleted, _Bookmark)]
    return msgspec.json.Decoder(Union[*lines, _Error])


async def _batches(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Whole lines, as many as are there."""
    rest: list[bytes] = []
    async for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest.append(chunk)
            continue
        yield b"".join((*rest, chunk[:end]))
        rest = [chunk[end:]]
