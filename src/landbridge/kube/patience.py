"""How long a watch is believed (rule S7)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Seconds. What is not said here follows from ``proof``."""

    proof: float = 90.0
    """Within which a server has to prove, by an event, a bookmark or a list, that nothing is missing."""
    uniform: Callable[[float, float], float] = random.uniform

    def stream(self) -> int:
        """How long the next stream shall be.

        A third, so that two may pass without a proof before a list has to give it. API servers send a bookmark two
        seconds before the end if they have one, and the next request follows: on the connections of quiet kinds too,
        something moves within half a minute, before a balancer takes them for dead. And not all watches at once.
        """
        return max(1, round(self.uniform(0.8, 1.0) * self.proof / 3))

    @property
    def leeway(self) -> float:
        """By how much a server may miss the end of a stream."""
        return max(1.0, self.proof / 18)


class Doubt:
    """Until when a store may go without being compared with its server: `Patience.proof` after the last proof.

    After trouble a proof by the stream is none, since the server may be another one by then: an etcd that was put back
    to an older revision goes on as if nothing were, and of what it lost or got meanwhile no event speaks.
    """

    def __init__(self, patience: Patience, clock: Callable[[], float]) -> None:
        self._patience = patience
        self._clock = clock
        self._trouble = False
        self._ends = 0.0

    def listed(self) -> None:
        """The store was compared with the server."""
        self._trouble = False
        self.proved()

    def proved(self) -> None:
        """The stream showed that it is alive."""
        if not self._trouble:
            self._ends = self._clock() + self._patience.proof

    def trouble(self) -> None:
        """Contact was lost, or a stream ended that should not have."""
        self._trouble = True

    def outlasted(self, seconds: int) -> bool:
        """Whether a stream of that many seconds could end too late."""
        return self._clock() + seconds + self._patience.leeway > self._ends
