"""What this leader ended: it removes what reappears of it (rule S12)."""

from __future__ import annotations

from landbridge.api.meta import Key

MOST = 20_000
"""So many are remembered; an old leader that still writes does so within minutes."""


class Ended:
    """The MultiClusterServices that came to their end under this leader, and did not come back since.

    In memory only: the next leader leaves what reappears to the sweep.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._keys: dict[Key, None] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._keys

    def add(self, key: Key) -> None:
        """It came to its end; where there are too many, the first one is forgotten."""
        self._keys.pop(key, None)
        self._keys[key] = None
        if len(self._keys) > self._most:
            del self._keys[next(iter(self._keys))]

    def discard(self, key: Key) -> None:
        """There is one of that name again."""
        self._keys.pop(key, None)
