"""A live copy of one kind of one API server, which says what changed, by key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Generic, TypeVar

from landbridge.api.kind import Kind
from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.kube.api import Api
from landbridge.kube.errors import KubeError, UnreachableError
from landbridge.kube.lines import Unread
from landbridge.kube.listing import Survey
from landbridge.kube.store import Store
from landbridge.kube.unreadable import Unreadable
from landbridge.kube.watch import Changed, Connected, Event, Interrupted, Listed, Lost, Proved, Scope, Watch

T = TypeVar("T", bound=Object)

MOMENT = 2.0
"""Seconds within which a stream that ended is open again; else contact is lost."""


def own_key(obj: Object) -> Key:
    """The index of kinds that need none."""
    return obj.metadata.key


def one(_: Object) -> int:
    """The weight of kinds whose objects count as such."""
    return 1


class Informer(Generic[T]):
    """Follows a kind. ``on_change`` gets index keys, never objects; ``on_contact`` hears of contact won or lost,
    and of the first list.

    ``on_deleted`` gets an object as it was when an event, and not its absence from a list, said that it was deleted.
    ``weight`` says how much an object counts under its index key: before a list takes all weight from a key, the server
    is asked once more (rule S7).
    """

    def __init__(
        self,
        api: Api,
        kind: Kind[T],
        *,
        on_change: Callable[[Key], None],
        on_contact: Callable[[], None],
        namespace: str = "",
        selector: str = "",
        field: str = "",
        index: Callable[[T], Key] = own_key,
        weight: Callable[[T], int] = one,
        on_deleted: Callable[[T], None] = lambda obj: None,
    ) -> None:
        self.store = Store(index)
        self.live = False
        """Whether the store is complete and the watch is open, or was a moment ago: only then does absence mean
        anything (rule S7)."""
        self.error: KubeError | None = None
        """What broke contact, while it is broken."""
        self.unread: set[Key | None] = set()
        """What is there and cannot be read; ``None`` for what does not even say which it is."""
        self.proved_at = 0.0
        """Loop time at which the server last showed that nothing is missing: by an event, a bookmark or a list."""
        self._api = api
        self._scope = Scope(kind, namespace, selector, field)
        self._weight = weight
        self._on_change = on_change
        self._on_deleted = on_deleted
        self._on_contact = on_contact
        self._reopening: asyncio.TimerHandle | None = None

    @property
    def synced(self) -> bool:
        """Whether everything was listed once: from then on the store is complete, if old."""
        return self.store.epoch > 0

    def doubts(self, key: Key) -> bool:
        """Whether the object of that key may be there, and be one that cannot be read."""
        return bool(self.unread) and (key in self.unread or None in self.unread)

    def show(self, found: Survey[T]) -> None:
        """Take in a list that was made just now, and count as live: for a look at a moment, which nobody follows."""
        self._take(Listed(found.items, found.version, found.unreadable))
        self._contact(None)

    async def run(self) -> None:
        """Follow, forever."""
        watch = Watch(
            self._api,
            self._scope,
            takes_away=lambda items: self.store.empties(items, self._weight),
        )
        try:
            async with aclosing(watch.events()) as events:
                async for event in events:
                    self._take(event)
        finally:
            self._settle()
            self.live = False

    def _take(self, event: Event[T]) -> None:
        match event:
            case Changed(obj, deleted):
                self.unread.discard(obj.metadata.key)
                if deleted:
                    self._on_deleted(obj)
                self._proved(self.store.drop(obj) if deleted else self.store.put(obj))
            case Listed(items, version, unreadable):
                first = not self.synced
                self.unread = {one.key for one in unreadable}
                self._proved(self.store.replace(items, version, self.unread))
                if first:
                    self._on_contact()
            case Unread(one, deleted):
                self._proved(self._unread(one, deleted))
            case Proved():
                self._proved(set())
            case Connected():
                self._contact(None)
            case Interrupted():
                late = UnreachableError(
                    f"no answer from {self._api.server}: the watch was not open again in {MOMENT:g} s"
                )
                self._reopening = asyncio.get_running_loop().call_later(MOMENT, self._contact, late)
            case Lost(error):
                self._contact(error)

    def _unread(self, one: Unreadable, deleted: bool) -> set[Key]:
        """What is there is not gone: it stays as it was known (rule S7)."""
        if not deleted:
            self.unread.add(one.key)
            return set()
        self.unread.discard(one.key)
        if one.key is None:
            return set()
        return self.store.drop(Object(ObjectMeta(one.key.name, one.key.namespace, resource_version=one.version)))

    def _proved(self, changed: set[Key]) -> None:
        self.proved_at = asyncio.get_running_loop().time()
        for key in changed:
            self._on_change(key)

    def _contact(self, error: KubeError | None) -> None:
        self._settle()
        was = self.live
        self.live, self.error = error is None, error
        if was != self.live:
            self._on_contact()

    def _settle(self) -> None:
        if self._reopening:
            self._reopening.cancel()
            self._reopening = None
