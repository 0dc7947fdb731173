"""Reading that one odd object does not spoil (rule S15): what cannot be read is told apart from the rest, by its name.

Only where reading all at once has failed. Objects are then split off without a look inside, by msgspec. It cannot
pass over what is nested deeper than some hundred levels, which Kubernetes keeps in fields that we do not know: that is
cut out before.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TypeVar

import msgspec

from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.kube.bounded import MIB
from landbridge.kube.explain import described
from landbridge.kube.unreadable import Unreadable

T = TypeVar("T", bound=Object)
D = TypeVar("D")

COUNTED = 2 * MIB
"""Bytes within which brackets are counted, more than etcd takes for an object: half a second at worst, and more takes
too long for everybody else."""

DEEPEST = 100
"""Levels that are read: ten times what any field has that means something."""

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+', re.DOTALL)
_DEEP = re.compile(rb"\x01+")
_BRACKETS = bytes({b"[": 1, b"{": 1, b"]": 2, b"}": 2}.get(bytes([byte]), 0) for byte in range(256))
_STEPS = (0, 1, -1)


def sound(meta: ObjectMeta) -> bool:
    """Whether an object can be told from others, and its versions from each other."""
    return bool(meta.name) and meta.resource_version.isdecimal()


def decoded(decoder: msgspec.json.Decoder[D], raw: bytes) -> D:
    """What the decoder makes of this, however deep a field is nested that it does not know.

    Raises:
        Exception: What the decoder raises, which depends on what is sent.
    """
    try:
        return decoder.decode(raw)
    except RecursionError:
        return decoder.decode(shallow(raw))


def readable(decoder: msgspec.json.Decoder[T], raw: bytes) -> T | Unreadable:
    """The object, or what can be said of it."""
    try:
        obj = decoded(decoder, raw)
    except MemoryError:
        raise
    except Exception as error:  # which ones there are depends on what is sent
        return _unreadable(raw, described(error))
    return obj if sound(obj.metadata) else nondescript(obj.metadata)


def nondescript(meta: ObjectMeta) -> Unreadable:
    """What can be said of an object that is not `sound`."""
    known = meta.resource_version.isdecimal()
    return Unreadable(
        meta.key if meta.name else None, meta.resource_version if known else "", "it has no name, or no version"
    )


def _unreadable(raw: bytes, reason: str) -> Unreadable:
    """What can be said of an object that cannot be decoded."""
    meta = members(members(raw).get("metadata", b""))
    name, namespace, version = (text(meta, field) for field in ("name", "namespace", "resourceVersion"))
    named = bool(name) and bool(namespace or "namespace" not in meta)
    return Unreadable(Key(namespace, name) if named else None, version if version.isdecimal() else "", reason)


def members(raw: bytes) -> dict[str, bytes]:
    """The members of a JSON object, as they stand there; none where it is something else."""
    try:
        return {name: bytes(value) for name, value in decoded(_MEMBERS, raw).items()}
    except (ValueError, RecursionError):
        return {}


def elements(raw: bytes) -> list[bytes]:
    """The elements of a JSON array, as they stand there; none where it is something else."""
    try:
        return [bytes(element) for element in decoded(_ELEMENTS, raw)]
    except (ValueError, RecursionError):
        return []


def text(found: dict[str, bytes], name: str) -> str:
    """A member that is a string; empty where it is none."""
    try:
        return msgspec.json.decode(found.get(name, b""), type=str)
    except (ValueError, RecursionError):
        return ""


def shallow(raw: bytes) -> bytes:
    """The same with ``null`` in place of what is nested too deep; all of it where it is too long to be looked at.

    Byte by byte, but never in Python's own loops: whoever sends it chooses how many brackets there are.
    """
    if len(raw) > COUNTED:
        return raw
    brackets = _STRING.sub(lambda found: bytes(len(found[0])), raw).translate(_BRACKETS)
    deep = bytes(map(DEEPEST.__lt__, accumulate(map(_STEPS.__getitem__, brackets))))
    kept, start = [], 0
    for found in _DEEP.finditer(deep):
        kept.append(raw[start : found.start()])
        start = found.end() + 1
    return b"null".join([*kept, raw[start:]])
