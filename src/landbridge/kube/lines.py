"""The lines of a watch: as they come in, bounded, and as they are read, one that is odd apart (rule S15)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from types import GenericAlias
from typing import Generic, TypeVar, Union

import msgspec

from landbridge.api.kind import Kind
from landbridge.api.meta import Lean, Object
from landbridge.kube.bounded import LINE, others_too, too_large
from landbridge.kube.errors import Status, UnreachableError
from landbridge.kube.explain import described
from landbridge.kube.lenient import decoded, members, nondescript, readable, sound, text
from landbridge.kube.unreadable import Unreadable

T = TypeVar("T", bound=Object)


class _Line(Lean, Generic[T], frozen=True, gc=False, tag_field="type"):
    object: T


class Added(_Line[T], frozen=True, gc=False, tag="ADDED"):
    """The object is new."""


class Modified(_Line[T], frozen=True, gc=False, tag="MODIFIED"):
    """The object changed."""


class Deleted(_Line[T], frozen=True, gc=False, tag="DELETED"):
    """The object is gone; this is how it was."""


class Bookmark(_Line[T], frozen=True, gc=False, tag="BOOKMARK"):
    """Everything up to this version was told."""


class Error(Lean, frozen=True, gc=False, tag_field="type", tag="ERROR"):
    """Apart: a Status has fields (``status``) that the watched kind may have too, with another type."""

    object: Status


@dataclass(frozen=True)
class Unread:
    """Something happened to an object that cannot be read: nobody knows what, unless it was deleted."""

    object: Unreadable
    deleted: bool = False


Line = Added[T] | Modified[T] | Deleted[T] | Bookmark[T] | Error | Unread


class Lines(Generic[T]):
    """Reads those of one kind from one server."""

    def __init__(self, server: str, kind: Kind[T]) -> None:
        types = [GenericAlias(line, (kind.type,)) for line in (Added, Modified, Deleted, Bookmark)]
        self._server = server
        self._objects = kind.decoder
        self._decoder: msgspec.json.Decoder[Line[T]] = msgspec.json.Decoder(Union[*types, Error])

    def read(self, batch: bytes) -> Iterator[Line[T]]:
        """What whole lines say.

        Raises:
            UnreachableError: At the first line that is none of a watch.
        """
        try:
            lines = self._decoder.decode_lines(batch)
        except MemoryError:
            raise
        except Exception:  # which ones there are depends on what is sent
            yield from map(self._one, filter(None, batch.split(b"\n")))
        else:
            yield from map(_checked, lines)

    def _one(self, raw: bytes) -> Line[T]:
        try:
            return _checked(decoded(self._decoder, raw))
        except MemoryError:
            raise
        except Exception as error:  # as above
            return self._unread(raw, described(error))

    def _unread(self, raw: bytes, reason: str) -> Unread:
        line = members(raw)
        what = text(line, "type")
        obj = readable(self._objects, line.get("object", b""))
        if what not in ("ADDED", "MODIFIED", "DELETED") or not isinstance(obj, Unreadable):
            raise UnreachableError(f"{self._server} sent a watch event that cannot be read: {reason}")
        return _unread(obj, what == "DELETED")


def _checked(line: Line[T]) -> Line[T]:
    if isinstance(line, Bookmark | Error | Unread) or sound(line.object.metadata):
        return line
    return _unread(nondescript(line.object.metadata), isinstance(line, Deleted))


def _unread(obj: Unreadable, deleted: bool) -> Unread:
    """That an object is gone is heeded where it is said which, and in which version."""
    return Unread(obj, deleted and obj.key is not None and bool(obj.version))


async def batches(chunks: AsyncIterator[bytes], server: str) -> AsyncGenerator[bytes]:
    """Whole lines, as many as are there.

    Raises:
        TooLargeError: One of them does not end.
    """
    rest = bytearray()
    async for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            yield bytes(rest) + chunk[:end]
            rest.clear()
        rest += chunk[end:]
        if len(rest) > LINE:
            raise too_large(server, "a watch line", LINE)
        await others_too(rest)
