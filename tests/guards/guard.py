"""A guard of a rule, as a patch that takes it out, and the tests that must go red then."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

RULES = (*(f"S{number}" for number in range(1, 16)), "M1", "M2", "M3", "M4")
"""The rules that are implemented, those of a move as pure functions; docs/architecture.md explains them."""

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent

_NAME = re.compile(r"(?P<series>[A-Z])(?P<number>\d\d)-[a-z0-9-]+\.patch")


@dataclass(frozen=True)
class Guard:
    """One patch. Its head says in the first line what the guard is for, and after ``Red:`` which test misses it."""

    path: Path
    rule: str
    summary: str
    test: str
    """A pytest node id; all cases of a parametrized test, of which one has to fail."""


def read_guards(folder: Path = FOLDER) -> list[Guard]:
    """All guards, by rule."""
    return [_read(path) for path in sorted(folder.glob("*.patch"))]


def _read(path: Path) -> Guard:
    name = _NAME.fullmatch(path.name)
    if name is None:
        raise ValueError(f"{path.name} is not called like S07-what-it-guards.patch")
    summary, red, *_ = path.read_text().splitlines()
    return Guard(path, f"{name['series']}{int(name['number'])}", summary, red.removeprefix("Red: "))
