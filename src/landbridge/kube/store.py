"""Objects of one kind as last seen, found by key and by one index.

Two channels feed a store, and nothing orders one against the other. The watch tells what happened, in its order.
Answers to our own requests tell a part of it, sooner or later than that. So the watch decides: its events are taken in
as they come, and an answer only while the watch has not got that far. An answer that is left out costs nothing, its
event follows; one taken in too late would bring a dead object back for good, since no event speaks of it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Generic, TypeVar

from msgspec.structs import replace

from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.kube.revision import revision

T = TypeVar("T", bound=Object)

FEW = 64
"""So many are kept whether they matter or not."""


def newer(one: Object, other: Object) -> bool:
    """Whether ``one`` is a later version."""
    return _version(one.metadata) > _version(other.metadata)


def _version(meta: ObjectMeta) -> int:
    return revision(meta.resource_version)


def _as_of(version: str, obj: T) -> T:
    """The object in a version that does not exceed this one: whatever is heard of it next is newer."""
    if _version(obj.metadata) <= revision(version):
        return obj
    return replace(obj, metadata=replace(obj.metadata, resource_version=version))


class Store(Generic[T]):
    """`put`, `drop` and `replace` are for the watch, `answered` and `gone` for whoever writes.

    All of them give the index keys that changed.
    """

    def __init__(self, index: Callable[[T], Key]) -> None:
        self.epoch = 0
        """Counts the lists. Whoever writes notes it before: versions of two epochs need not compare (restored etcd)."""
        self._index = index
        self._objects: dict[Key, T] = {}
        self._groups: dict[Key, dict[Key, T]] = {}
        self._seen = 0
        """How far the watch has got: what happened up to this version is known."""
        self._gone: dict[Key, int] = {}
        """Versions of what answers called gone, while the watch may still speak of them; older ones do no harm."""
        self._room = FEW
        """How many of them there may be until those are looked for of which the watch speaks no more."""

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

    def empties(self, items: Iterable[T], weight: Callable[[T], int]) -> bool:
        """Whether a list would take away the last that weighs anything of what the index puts together."""
        left = {self._index(obj) for obj in items if weight(obj)}
        return any(index not in left and any(map(weight, group.values())) for index, group in self._groups.items())

    def put(self, obj: T) -> set[Key]:
        """The watch says that the object was created or changed; an answer may have told more by then."""
        changed = self._take(obj)
        self._saw(_version(obj.metadata))
        return changed

    def drop(self, obj: Object) -> set[Key]:
        """The watch says that the object was deleted; an answer may have told of its successor by then."""
        changed = self._remove(obj.metadata)
        self._saw(_version(obj.metadata))
        return changed

    def replace(self, items: Iterable[T], version: str, unreadable: Collection[Key | None] = ()) -> set[Key]:
        """Take in a list: what it lacks is gone, and versions may go back (a restored etcd).

        What is there and cannot be read is not gone: it stays as it was. If one is nameless, it may be any (rule S7).
        """
        old, self._objects, self._groups = self._objects, {}, {}
        listed = {obj.metadata.key: obj for obj in items}
        stay = [
            _as_of(version, obj)
            for key, obj in (old.items() if unreadable else ())
            if key not in listed and (key in unreadable or None in unreadable)
        ]
        for obj in (*listed.values(), *stay):
            self._add(obj)
        self.epoch += 1
        self._seen = revision(version)
        self._gone.clear()
        return {
            self._index(obj)
            for one, other in ((old, self._objects), (self._objects, old))
            for key, obj in one.items()
            if other.get(key) != obj
        }

    def answered(self, obj: T, epoch: int) -> set[Key]:
        """A write of ours, begun in ``epoch``, made this of the object: taken in unless the watch knows better."""
        if epoch != self.epoch or _version(obj.metadata) <= self._seen:
            return set()
        return self._take(obj)

    def gone(self, meta: ObjectMeta, epoch: int) -> set[Key]:
        """A request of ours, begun in ``epoch``, for this version found, or left, nothing: so it and older ones go."""
        if epoch != self.epoch:
            return set()
        if (version := _version(meta)) > self._seen:
            self._gone[meta.key] = max(version, self._gone.get(meta.key, 0))
            self._make_room()
        return self._remove(meta)

    def _take(self, obj: T) -> set[Key]:
        meta = obj.metadata
        old = self._objects.get(meta.key)
        if old and (newer(old, obj) or old.metadata.resource_version == meta.resource_version):
            return set()
        if _version(meta) <= self._gone.get(meta.key, -1):
            return set()
        changed = self._remove(meta)
        self._add(obj)
        return changed | {self._index(obj)}

    def _remove(self, meta: ObjectMeta) -> set[Key]:
        """Forget an object, unless a later version is there."""
        old = self._objects.get(meta.key)
        if old is None or _version(old.metadata) > _version(meta):
            return set()
        index = self._index(old)
        group = self._groups[index]
        del self._objects[meta.key], group[meta.key]
        if not group:
            del self._groups[index]
        return {index}

    def _add(self, obj: T) -> None:
        self._objects[obj.metadata.key] = obj
        self._groups.setdefault(self._index(obj), {})[obj.metadata.key] = obj

    def _saw(self, version: int) -> None:
        self._seen = max(self._seen, version)

    def _make_room(self) -> None:
        """Only when twice as many came as were left the last time: no event, and no answer, costs a look at all."""
        if len(self._gone) > self._room:
            self._gone = {key: gone for key, gone in self._gone.items() if gone > self._seen}
            self._room = max(FEW, 2 * len(self._gone))
