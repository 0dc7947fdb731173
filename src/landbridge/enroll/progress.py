"""What is being done, told while it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Report = Callable[[str], None]
"""Takes one line for a person."""


def count(names: Sequence[str], noun: str) -> str:
    """How many they are, in words."""
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'}"


def few(names: Sequence[str]) -> str:
    """The first of them, and whether there are more."""
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
