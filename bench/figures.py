"""The arithmetic."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True)
class Spread:
    """How long something took, over many times; milliseconds."""

    n: int
    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        """Summed up."""
        return cls(len(seconds), 1000 * percentile(seconds, 0.5), 1000 * percentile(seconds, 0.99))


@dataclass
class Chase:
    """Changes that were acknowledged at one end, and seen at the other: each by itself, or in a later one."""

    seconds: list[float] = field(default_factory=list)
    """From each acknowledgement to its sight."""
    merged: int = 0
    """Changes that were only seen in a later one of the same Service."""
    _acked: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    _seen: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))

    def acked(self, service: str, number: int, when: float) -> None:
        """The provider has the change."""
        self._acked[service][number] = when
        for seen, at in self._seen[service]:
            self._resolve(service, seen, at)

    def saw(self, service: str, number: int, when: float) -> None:
        """The consumer has the change; that may be known here before the acknowledgement is."""
        self._seen[service].append((number, when))
        self._resolve(service, number, when)

    @property
    def lost(self) -> int:
        """Changes that were acknowledged and not seen, neither by themselves nor in a later one."""
        return sum(map(len, self._acked.values()))

    def _resolve(self, service: str, seen: int, when: float) -> None:
        waiting = self._acked[service]
        for number in [number for number in waiting if number <= seen]:
            self.seconds.append(max(0.0, when - waiting.pop(number)))
            self.merged += number < seen


def rate(count: int, seconds: float) -> float:
    """How many each second."""
    return count / seconds if seconds > 0 else math.inf


def spaced(count: int, each_second: float) -> list[float]:
    """When to start each of ``count`` things, in seconds from now, evenly."""
    return [number / each_second for number in range(count)]
