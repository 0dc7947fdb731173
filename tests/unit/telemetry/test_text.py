"""How text that others wrote is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.telemetry.text import LONGEST, shown

texts = st.text() | st.text(st.characters(categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zs", "So", "Lo")), min_size=100)


@given(texts, st.integers(32, 2000))
def test_s15_whatever_it_is_it_becomes_one_short_line_that_every_terminal_can_take(text: str, most: int) -> None:
    line = shown(text, most)
    assert len(line.encode()) <= most
    assert line.isprintable()
    assert shown(line, most) == line
    assert shown(line, most * 2) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("as it is", "as it is"),
        ("  two\n\n lines\t", "two lines"),
        ("\x1b[2J\x1b]0;title\x07", "?[2J?]0;title?"),
        ("\u202egnp.exe", "?gnp.exe"),
        ("a\ud800b", "a?b"),
        ("größer", "größer"),
    ],
)
def test_what_it_says_stays(text: str, line: str) -> None:
    assert shown(text) == line


def test_how_much_was_cut_is_said() -> None:
    line = shown("x" * 2_000_000)
    assert line == "x" * 282 + "... (1999718 more)"
    assert len(line) == LONGEST


def test_what_is_cut_twice_adds_up() -> None:
    line = shown(f"old: {shown('x' * 1000, 500)}", 100)
    assert line == "old: " + "x" * 80 + "... (920 more)"
