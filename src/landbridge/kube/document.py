"""The first document of a YAML or JSON file, as kubectl reads it: as plain data, and bounded.

kubectl turns YAML into JSON, so all keys are text, a date is text, and what YAML takes for a number or a truth value is
one. Only the events come from the parser: what is made of them is made here, since an anchor may stand for a billion
nodes, or hold itself, and a tag may ask for more than data.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

DEEPEST = 60
"""Levels: a kubeconfig has 6, and what its extensions hold some more."""

MOST = 200_000
"""Nodes, with each alias counted as what it stands for."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: dict[str, Any] = {"": None, "~": None}
_WORDS |= {form: None for word in ("null",) for form in (word, word.title(), word.upper())}
_WORDS |= {form: True for word in ("true", "yes", "on") for form in (word, word.title(), word.upper())}
_WORDS |= {form: False for word in ("false", "no", "off") for form in (word, word.title(), word.upper())}
_NUMBER = re.compile(
    r"[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_TAGS = frozenset({None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))})


class DocumentError(ValueError):
    """It is not what it should be; the text never quotes what is in it."""


def first_document(data: bytes) -> Any:
    """The first document; ``None`` where there is none, or nothing but comments.

    Raises:
        DocumentError: It is neither YAML nor JSON, or out of all bounds.
    """
    text = _text(data)
    if text.lstrip()[:1] == "{":  # JSON may be indented by tabs, which YAML forbids
        try:
            return msgspec.json.decode(text)
        except (ValueError, RecursionError):
            pass  # YAML may begin so, too
    try:
        return _Builder(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise DocumentError(f"it is not YAML{where}: {error.problem}") from None
    except DocumentError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentError("it is not YAML: it holds characters that no text has") from error


def _text(data: bytes) -> str:
    """In the encodings of YAML: UTF-8, or what a mark at the beginning says."""
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError("it is neither UTF-8 nor UTF-16: save it as UTF-8") from error


class _Builder:
    """Makes data of events; each value comes with its weight, the number of nodes that it stands for."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._known: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()

    def document(self) -> Any:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                return self._value(next(self._events), 0)[0]
        return None

    def _value(self, event: Any, depth: int) -> tuple[Any, int]:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor))
        if getattr(event, "tag", None) not in _TAGS:
            raise DocumentError("it has a tag that stands for more than data; take it out")
        if event.anchor:
            self._open.add(event.anchor)
        found = _scalar(event) if isinstance(event, yaml.ScalarEvent) else self._collection(event, depth + 1)
        if found[1] > MOST:
            raise DocumentError(f"it has more than {MOST} entries, or its anchors stand for so many")
        if event.anchor:
            self._open.discard(event.anchor)
            self._known[event.anchor] = found
        return found

    def _alias(self, anchor: str) -> tuple[Any, int]:
        if anchor in self._open:
            raise DocumentError("it has an anchor that contains itself")
        if anchor not in self._known:
            raise DocumentError("it has an alias for which there is no anchor")
        return self._known[anchor]

    def _collection(self, event: Any, depth: int) -> tuple[Any, int]:
        if depth > DEEPEST:
            raise DocumentError(f"it is nested more than {DEEPEST} levels deep")
        return self._sequence(depth) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(depth)

    def _sequence(self, depth: int) -> tuple[Any, int]:
        items, weight = [], 1
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            item, more = self._value(event, depth)
            items.append(item)
            weight = min(weight + more, MOST + 1)
        return items, weight

    def _mapping(self, depth: int) -> tuple[Any, int]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        weight = 1
        event: Any
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            value, more = self._value(next(self._events), depth)
            weight = min(weight + 1 + more, MOST + 1)
            if key == "<<" and not getattr(event, "style", None):
                merged = _merged(value) | merged
            else:
                own[key] = value
        return merged | own, weight

    def _key(self, event: Any) -> str:
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor:
                self._known[event.anchor] = _scalar(event)
            return str(event.value)
        if isinstance(event, yaml.AliasEvent):
            key, _ = self._alias(str(event.anchor))
            if isinstance(key, str):
                return key
        raise DocumentError("it has a key that is no text")


def _merged(value: Any) -> dict[str, Any]:
    """What a key ``<<`` brings in: of several mappings the first has it."""
    merged: dict[str, Any] = {}
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            raise DocumentError("it has a key << that is no mapping")
        merged = one | merged
    return merged


def _scalar(event: Any) -> tuple[Any, int]:
    text = event.value
    if event.style or event.tag:  # quoted, or said to be text
        return text, 1
    if text in _WORDS:
        return _WORDS[text], 1
    return (_number(text) if _NUMBER.fullmatch(text) else text), 1


def _number(text: str) -> float:
    """A number as good as any: no field that is read is one, but extensions may hold some."""
    digits = text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").lower()
    for kind in (int, float):
        try:
            return kind(digits)
        except ValueError:
            continue
    return 0.0
