"""Objects of one kind as last seen, found by key and by one index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from landbridge.api.meta import Key, Object

T = TypeVar("T", bound=Object)


def newer(one: Object, other: Object) -> bool:
    """Whether ``one`` is a later version; versions of one kind compare as numbers (KEP-5504)."""
    return _number(one.metadata.resource_version) > _number(other.metadata.resource_version)


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0


class Store(Generic[T]):
    """Never goes back in time: our own acknowledged writes are put in at once, and may overtake their watch events."""

    def __init__(self, index: Callable[[T], Key]) -> None:
        self._index = index
        self._objects: dict[Key, T] = {}
        self._groups: dict[Key, dict[Key, T]] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[T]:
        return iter(self._objects.values())

    def get(self, key: Key) -> T | None:
        """The object of that key."""
        return self._objects.get(key)

    def group(self, index: Key) -> tuple[T, ...]:
        """The objects that the index puts together."""
        return tuple(self._groups.get(index, {}).values())

    def put(self, obj: T) -> set[Key]:
        """Take in a version; gives the index keys that changed (none if one as new is there)."""
        old = self._objects.get(obj.metadata.key)
        if old and not newer(obj, old):
            return set()
        changed = self.drop(obj)
        self._add(obj)
        return changed | {self._index(obj)}

    def drop(self, obj: T) -> set[Key]:
        """Forget an object, unless a later version is there; gives the index keys that changed."""
        old = self._objects.get(obj.metadata.key)
        if old is None or newer(old, obj):
            return set()
        index = self._index(old)
        group = self._groups[index]
        del self._objects[obj.metadata.key], group[obj.metadata.key]
        if not group:
            del self._groups[index]
        return {index}

    def replace(self, items: Iterable[T]) -> set[Key]:
        """Take in a list: what it lacks is gone, and versions may go back (a restored etcd); gives the changed keys."""
        old, self._objects, self._groups = self._objects, {}, {}
        for obj in items:
            self._add(obj)
        return {
            self._index(obj)
            for one, other in ((old, self._objects), (self._objects, old))
            for key, obj in one.items()
            if other.get(key) != obj
        }

    def _add(self, obj: T) -> None:
        self._objects[obj.metadata.key] = obj
        self._groups.setdefault(self._index(obj), {})[obj.metadata.key] = obj
