"""When lost contact is reported: soon, unless it comes and goes, since each report is a write for each Service."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

LOST_REPORT_DELAY = 2.0
"""Seconds of lost contact before it is reported: a watch that comes back at once is no news."""

MOST = 64.0
"""Seconds at most, however often contact was won and lost again."""

STEADY = 120.0
"""Seconds of contact after which a loss counts as the first one again."""


@dataclass
class _Past:
    delay: float = LOST_REPORT_DELAY / 2
    """Doubled by each loss, the first one too."""
    lost: bool = False
    won_at: float = -math.inf


class Flapping:
    """How long to wait with the report of lost contact, by cluster: twice as long each time that it comes and goes.

    That is for reports alone: what is decided follows what is so.
    """

    def __init__(self) -> None:
        self._past: dict[str, _Past] = {}

    def won(self, cluster: str) -> None:
        """Contact was won, in whole."""
        past = self._of(cluster)
        past.lost, past.won_at = False, asyncio.get_running_loop().time()

    def lost(self, cluster: str) -> None:
        """Contact was lost, or some of it."""
        past = self._of(cluster)
        if not past.lost:
            steady = asyncio.get_running_loop().time() - past.won_at >= STEADY
            past.delay = LOST_REPORT_DELAY if steady else min(past.delay * 2, MOST)
            past.lost = True

    def delay(self, cluster: str) -> float:
        """Seconds until a loss is to be reported."""
        return max(LOST_REPORT_DELAY, self._of(cluster).delay)

    def _of(self, cluster: str) -> _Past:
        return self._past.setdefault(cluster, _Past())
