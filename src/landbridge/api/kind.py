"""Where a kind lives in an API server, and how its objects are decoded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import GenericAlias
from typing import Generic, TypeVar

import msgspec

from landbridge.api.meta import Lean, Object

T = TypeVar("T", bound=Object)


class ListMeta(Lean, frozen=True, gc=False):
    """Metadata of a list."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")
    """Where the next page begins; empty on the last one."""


class Listing(Lean, Generic[T], frozen=True, gc=False):
    """All objects of a kind, or a page of them, as of a resource version."""

    metadata: ListMeta
    items: tuple[T, ...] = ()


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A resource of one API version, with the Struct of its objects."""

    group: str
    version: str
    plural: str
    kind: str
    type: type[T]

    @property
    def api_version(self) -> str:
        """``group/version``, or ``version`` alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL path of the collection, of one object, or of a part of it."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if namespace else ""
        tail = "".join(f"/{part}" for part in (name, subresource) if part)
        return f"{root}{scope}/{self.plural}{tail}"

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[T]:
        """Decodes one object."""
        return msgspec.json.Decoder(self.type)

    @cached_property
    def list_decoder(self) -> msgspec.json.Decoder[Listing[T]]:
        """Decodes a list of objects."""
        return msgspec.json.Decoder(GenericAlias(Listing, (self.type,)))

    def encode(self, obj: T) -> bytes:
        """The object as a request body, ``apiVersion`` and ``kind`` included."""
        head = msgspec.json.encode({"apiVersion": self.api_version, "kind": self.kind})
        body = msgspec.json.encode(obj)
        return head[:-1] + b"," + body[1:] if len(body) > 2 else head
