"""A live copy of one kind of one API server, which says what changed, by key."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Generic, TypeVar

from landbridge.api.kind import Kind
from landbridge.api.meta import Key, Object
from landbridge.kube.api import Api
from landbridge.kube.errors import KubeError
from landbridge.kube.store import Store
from landbridge.kube.watch import Changed, Connected, Event, Listed, Lost, watch

T = TypeVar("T", bound=Object)


def own_key(obj: Object) -> Key:
    """The index of kinds that need none."""
    return obj.metadata.key


class Informer(Generic[T]):
    """Follows a kind. ``on_change`` gets index keys, never objects; ``on_contact`` hears of contact won or lost."""

    def __init__(
        self,
        api: Api,
        kind: Kind[T],
        *,
        on_change: Callable[[Key], None],
        on_contact: Callable[[], None],
        namespace: str = "",
        selector: str = "",
        quorum: bool = False,
        index: Callable[[T], Key] = own_key,
    ) -> None:
        self.store = Store(index)
        self.error: KubeError | None = None
        """What broke contact, while it is broken."""
        self._api = api
        self._kind = kind
        self._namespace = namespace
        self._selector = selector
        self._quorum = quorum
        self._on_change = on_change
        self._on_contact = on_contact
        self._connected = False

    @property
    def live(self) -> bool:
        """Whether the store is complete and the watch is open: only then does absence mean anything (rule S7)."""
        return self._connected

    async def run(self) -> None:
        """Follow, forever."""
        stream = watch(self._api, self._kind, namespace=self._namespace, selector=self._selector, quorum=self._quorum)
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    self._take(event)
        finally:
            self._connected = False

    def _take(self, event: Event[T]) -> None:
        match event:
            case Changed(obj, deleted):
                changed = self.store.drop(obj) if deleted else self.store.put(obj)
            case Listed(items, version):
                changed = self.store.replace(items, version)
            case Connected():
                self._contact(None)
                return
            case Lost(error):
                self._contact(error)
                return
        for key in changed:
            self._on_change(key)

    def _contact(self, error: KubeError | None) -> None:
        was = self._connected
        self._connected, self.error = error is None, error
        if was != self._connected:
            self._on_contact()
