"""JSON that is nested deeper than msgspec goes is split all the same, but for what is so deep."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.kube.lenient import COUNTED, DEEPEST, elements, members, shallow

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text('a"\\{}[],: \n☃')
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text('a"\\[,'), inner), max_leaves=20)
DEEP = b"[" * 1_500 + b"]" * 1_500


def _cut(depth: int) -> Any:
    """What so many levels hold of what is deeper."""
    value: Any = None
    for _ in range(depth):
        value = [value]
    return value


def pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


@settings(deadline=None, max_examples=25)
@given(st.lists(JSON))
def test_elements_are_those_of_the_array(array: list[Any]) -> None:
    raw = b"[" + DEEP + b"".join(b",\n" + pretty(element) for element in array) + b"]"
    assert msgspec.json.decode(shallow(raw)) == [_cut(DEEPEST - 1), *array]
    assert [msgspec.json.decode(element) for element in elements(shallow(raw))[1:]] == array


@settings(deadline=None, max_examples=25)
@given(st.dictionaries(st.text('a"\\[,:'), JSON))
def test_members_are_those_of_the_object(obj: dict[str, Any]) -> None:
    parts = [b'"deep":' + DEEP, *(msgspec.json.encode(name) + b" : " + pretty(value) for name, value in obj.items())]
    raw = b"{" + b" ,".join(parts) + b"}"
    assert msgspec.json.decode(shallow(raw)) == {"deep": _cut(DEEPEST - 1)} | obj
    assert {name: msgspec.json.decode(value) for name, value in members(raw).items() if name != "deep"} == obj


@pytest.mark.parametrize(
    "start", [b"[", b"{", b'["', b'[[],"', b"[[],a", b"[" + DEEP + b","], ids=lambda start: str(start[:6])
)
@pytest.mark.parametrize("filler", [b"[", b"{}", b'"",', b'\\"', b"a", b",", b"]"])
def test_s15_nonsense_is_given_up_in_time(start: bytes, filler: bytes) -> None:
    raw = start + filler * ((COUNTED - len(start)) // len(filler))
    began = time.process_time()
    assert len(elements(raw)) + len(members(raw)) <= COUNTED
    assert time.process_time() - began < 5
