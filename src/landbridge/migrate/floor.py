"""Never empty (M1): what each consumer must go on seeing, whatever is taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FRESH = 5.0
"""Seconds; what was seen longer ago counts as nothing."""


@dataclass(frozen=True)
class View:
    """What one consumer sees of a Service."""

    consumer: str
    serving: Mapping[str, int]
    """Endpoints that serve and do not end, by the cluster that they are in."""
    age: float
    """Seconds since it was known to be true; below zero where a clock was put back."""
    stale: bool = False

    def counted(self, *, cluster: str = "", left: int = 0) -> int:
        """The endpoints that count, if ``cluster`` had only so many left."""
        if self.stale or not 0 <= self.age < FRESH:
            return 0
        return sum(min(count, left) if name == cluster else count for name, count in self.serving.items())


@dataclass(frozen=True)
class Refusal:
    """A consumer that would see too few."""

    consumer: str
    would_see: int
    floor: int


def floor(before: int, least: int = 1) -> int:
    """How many a consumer must see that saw ``before`` when the move began: half, and never fewer than ``least``."""
    return max(least, (before + 1) // 2)


def refusals(
    views: Sequence[View], before: Mapping[str, int], *, cluster: str, left: int, least: int = 1
) -> list[Refusal]:
    """Why ``cluster`` must not be left with so few endpoints: each consumer of ``before`` that would see too few.

    A consumer without a view sees nothing.
    """
    after = {view.consumer: view.counted(cluster=cluster, left=left) for view in views}
    return [
        Refusal(consumer, seen, needed)
        for consumer, count in before.items()
        if (seen := after.get(consumer, 0)) < (needed := floor(count, least))
    ]
