"""How long to wait before the next try."""

from __future__ import annotations

import random
from collections.abc import Callable

from landbridge.kube.errors import ApiError

LONGEST_ASKED = 30.0
"""Seconds that a server may ask for; one that says a day must not be forgotten for a day."""


class Backoff:
    """Doubling delays, of which between half and all is waited: clients of a returning server do not come at once."""

    def __init__(
        self, first: float = 0.1, most: float = 15.0, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._first = first
        self._most = most
        self._uniform = uniform
        self._failures = 0

    def reset(self) -> None:
        """It worked."""
        self._failures = 0

    def next(self, error: BaseException | None = None) -> float:
        """Seconds to wait after one more failure; at least what the server asked for (Retry-After), within reason."""
        ceiling = min(self._most, self._first * 2**self._failures)
        self._failures = min(self._failures + 1, 32)
        asked = error.retry_after if isinstance(error, ApiError) and error.retry_after else 0.0
        return max(min(asked, LONGEST_ASKED), self._uniform(ceiling / 2, ceiling))
