"""A list, page by page.

All pages are of the moment of the first one, which asks for no version and so is a quorum read (rule S7). A server that
has forgotten that moment answers 410, and the list begins anew. The protocol is that of "Retrieving large results sets
in chunks" in the Kubernetes documentation (reference/using-api/api-concepts).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from landbridge.api.kind import Kind, Listing, ListMeta
from landbridge.api.meta import Object
from landbridge.kube.bounded import WHOLE_LIST, too_large
from landbridge.kube.errors import GoneError, TooLargeError, UnreachableError
from landbridge.kube.explain import described
from landbridge.kube.lenient import COUNTED, decoded, elements, members, readable, sound
from landbridge.kube.unreadable import MOST, TooManyUnreadableError, Unreadable

T = TypeVar("T", bound=Object)

TIMEOUT = 60.0
"""Seconds for a list, with all its pages: a server that trickles one is as good as none."""

PAGE = 500
"""Objects that are asked for at once, as kubectl does; fewer where they are too large for one answer."""

FEWER = 4
"""How many times fewer."""

BEGINNINGS = 4
"""How often a list is begun that the server then forgets."""

Ask = Callable[[Mapping[str, str], float], Awaitable[bytes]]
"""Asks for a page, with parameters, within seconds."""


@dataclass(frozen=True)
class Survey(Generic[T]):
    """Everything there is."""

    version: str
    """As of which all of this is so."""
    items: tuple[T, ...]
    unreadable: tuple[Unreadable, ...] = ()


async def survey(server: str, kind: Kind[T], ask: Ask) -> Survey[T]:
    """Read a whole list.

    Raises:
        ApiError: The server refused.
        UnreachableError: There was no answer, or none that is a list, or too much of it.
    """
    ends = asyncio.get_running_loop().time() + TIMEOUT
    for _ in range(BEGINNINGS):
        if found := await _from_the_first_page(server, kind, ask, ends):
            return found
    raise UnreachableError(f"{server} forgot a list of {kind.plural} {BEGINNINGS} times before its last page")


async def _from_the_first_page(server: str, kind: Kind[T], ask: Ask, ends: float) -> Survey[T] | None:
    """The list; ``None`` if the server has forgotten it meanwhile."""
    items: list[T] = []
    unreadable: list[Unreadable] = []
    version, size, limit, more = "", 0, PAGE, ""
    while True:
        left = ends - asyncio.get_running_loop().time()
        if left <= 0:
            raise UnreachableError(f"{server} did not send the whole list of {kind.plural} in {TIMEOUT:g} s")
        try:
            body = await ask({"limit": str(limit)} | ({"continue": more} if more else {}), left)
            page, odd = _page(server, kind, body)
        except TooLargeError:
            if limit == 1:
                raise
            limit = max(1, limit // FEWER)
            continue
        except GoneError:
            if version:
                return None
            raise
        size += len(body)
        if size > WHOLE_LIST:
            raise too_large(server, f"a list of {kind.plural}", WHOLE_LIST)
        items += page.items
        unreadable += odd
        if len(unreadable) > MOST:
            raise TooManyUnreadableError(server, kind.kind)
        version = version or page.metadata.resource_version
        if not page.metadata.continue_:
            return Survey(version, tuple(items), tuple(unreadable))
        limit, more = min(PAGE, 2 * limit), page.metadata.continue_


def _page(server: str, kind: Kind[T], body: bytes) -> tuple[Listing[T], list[Unreadable]]:
    try:
        page = decoded(kind.list_decoder, body)
        trouble = "an object without a name or a version"
    except MemoryError:
        raise
    except Exception as error:  # which ones there are depends on what is sent
        trouble = described(error)
    else:
        if all(sound(item.metadata) for item in page.items):
            return page, []
    return _one_by_one(server, kind, body, trouble)


def _one_by_one(server: str, kind: Kind[T], body: bytes, trouble: str) -> tuple[Listing[T], list[Unreadable]]:
    """What can be read of a page, and the rest.

    Raises:
        TooLargeError: There is too much to tell: of fewer objects it can be told.
        UnreachableError: It is no page.
    """
    parts = members(body)
    items: list[T] = []
    unreadable: list[Unreadable] = []
    for raw in elements(parts.get("items", b"")):
        found = readable(kind.decoder, raw)
        if not isinstance(found, Unreadable):
            items.append(found)
            continue
        unreadable.append(found)
        if len(unreadable) > MOST:
            break
    if not unreadable:
        error = TooLargeError if len(body) > COUNTED else UnreachableError
        raise error(f"{server} gave an answer that cannot be read: {trouble}")
    return Listing(_meta(server, parts), tuple(items)), unreadable


def _meta(server: str, parts: Mapping[str, bytes]) -> ListMeta:
    try:
        return msgspec.json.decode(parts.get("metadata", b""), type=ListMeta)
    except (ValueError, RecursionError) as error:
        raise UnreachableError(f"{server} gave a list that cannot be read: {described(error)}") from error
