"""Whether what nothing explains may be swept (rule S7); no clock of its own.

| unexplained imports                    | since the last look | verdict                                             |
|----------------------------------------|---------------------|-----------------------------------------------------|
| none                                   | -                   | REST: what waited for a person waits no more        |
| beyond the limit, or they were before  | -                   | WAIT for a person: the hub was emptied, or restored |
| some                                   | others came or went | LOOK: somebody is at work, as one who refills a hub |
| some                                   | the same            | SWEEP                                               |

The limit is crossed by more than `MOST` imports that are also more than a tenth of the cluster's. What crossed it once
waits to the end: else the last tenth would be swept while the hub is being filled again.
"""

from __future__ import annotations

from enum import Enum

from landbridge.api.meta import Key
from landbridge.mcs.holdings import Holdings

MOST = 10
"""So many may always be swept."""

SHARE = 10
"""And one in so many."""


class Verdict(Enum):
    """What to do."""

    REST = "Rest"
    WAIT = "Wait"
    LOOK = "Look"
    SWEEP = "Sweep"


def beyond(unexplained: int, imports: int) -> bool:
    """Whether so many of a cluster's imports are too many to be swept without a person."""
    return unexplained > MOST and unexplained * SHARE > imports


class Sweep:
    """That of one cluster, from look to look."""

    def __init__(self) -> None:
        self.waiting = False
        """Whether a person has to speak."""
        self._before: frozenset[Key] = frozenset()
        """The unexplained imports of the last look."""

    def judge(self, found: Holdings) -> Verdict:
        """The row of the table above that holds, after one more look in a live and current view."""
        names = frozenset(import_.metadata.key for import_ in found.unexplained)
        before, self._before = self._before, names
        self.waiting = bool(names) and (self.waiting or beyond(len(names), found.imports))
        if not names:
            return Verdict.REST
        if self.waiting:
            return Verdict.WAIT
        return Verdict.SWEEP if names == before else Verdict.LOOK

    def blind(self) -> None:
        """The cluster, or the hub, is not in view: what was seen before does not count as a look."""
        self._before = frozenset()
