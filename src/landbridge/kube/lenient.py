"""Reading that one odd object does not spoil (rule S15): what cannot be read is told apart from the rest, by its name.

Only where reading all at once has failed. Objects are then split off without a look inside, by msgspec, or where they
are nested deeper than it goes, by counting brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

import msgspec

from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.kube.bounded import MIB
from landbridge.kube.explain import described
from landbridge.kube.unreadable import Unreadable

T = TypeVar("T", bound=Object)

COUNTED = 2 * MIB
"""Bytes within which brackets are counted: more takes too long for everybody else."""

BRACKETS = 200_000
"""Brackets that are counted: some times what so many bytes have that mean something."""

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+'
_TO_BRACKET = re.compile(rb'(?:[^\[\]{}"]++|%s)*+([\[\]{}]|\Z)' % _STRING, re.DOTALL)
_TO_COMMA = re.compile(rb'(?:[^,"]++|%s)*+(,|\Z)' % _STRING, re.DOTALL)
_MEMBER = re.compile(rb"\s*(%s)\s*:(.*)" % _STRING, re.DOTALL)


def sound(meta: ObjectMeta) -> bool:
    """Whether an object can be told from others, and its versions from each other."""
    return bool(meta.name) and meta.resource_version.isdecimal()


def readable(decoder: msgspec.json.Decoder[T], raw: bytes) -> T | Unreadable:
    """The object, or what can be said of it."""
    try:
        obj = decoder.decode(raw)
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
        return {name: bytes(value) for name, value in _MEMBERS.decode(raw).items()}
    except RecursionError:
        split = (_MEMBER.fullmatch(part) for part in _parts(raw, b"{"))
        return {text({"": member[1]}, ""): member[2] for member in split if member}
    except ValueError:
        return {}


def elements(raw: bytes) -> list[bytes]:
    """The elements of a JSON array, as they stand there; none where it is something else."""
    try:
        return [bytes(element) for element in _ELEMENTS.decode(raw)]
    except RecursionError:
        return _parts(raw, b"[")
    except ValueError:
        return []


def text(found: dict[str, bytes], name: str) -> str:
    """A member that is a string; empty where it is none."""
    try:
        return msgspec.json.decode(found.get(name, b""), type=str)
    except (ValueError, RecursionError):
        return ""


def _parts(raw: bytes, opening: bytes) -> list[bytes]:
    """What commas part in the outermost brackets."""
    if len(raw) > COUNTED or not raw.lstrip().startswith(opening):
        return []
    found, depth, start = [], 0, raw.index(opening) + 1
    for step in islice(_TO_BRACKET.finditer(raw), BRACKETS):
        if depth == 1:
            for comma in _commas(raw, step.start(), step.start(1)):
                found.append(raw[start:comma])
                start = comma + 1
        depth += 1 if step[1] in (b"[", b"{") else -1
        if depth <= 0:
            found.append(raw[start : step.start(1)])
            return [part for part in found if part.strip()]
    return []


def _commas(raw: bytes, start: int, end: int) -> Iterator[int]:
    return (step.start(1) for step in _TO_COMMA.finditer(raw, start, end) if step[1])
