"""The phases of one Service's move, and every way out of each: rows of data, and nothing else decides what comes next.

::

    Pending -> Preparing -> Joined -> Deploying -> Verifying -> Draining -> Soaking -> Completed
    Preparing to Soaking, and RollingBack:  pause -> Paused,  blocked -> Stuck; both return to where they came from
    from anywhere but RolledBack:           back, abandon -> RollingBack -> RolledBack

A verdict that is neither Pass nor Fail is no event, and neither is time: the move stays where it is (M3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """How far a move has come."""

    PENDING = "Pending"
    PREPARING = "Preparing"
    JOINED = "Joined"
    DEPLOYING = "Deploying"
    VERIFYING = "Verifying"
    DRAINING = "Draining"
    SOAKING = "Soaking"
    COMPLETED = "Completed"
    PAUSED = "Paused"
    STUCK = "Stuck"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"


class Event(StrEnum):
    """What was observed, or what a person ordered."""

    ADMITTED = "its wave is open and the caps have room"
    DEFINED = "the Service is in both clusters"
    WITHHELD = "every consumer holds the imports, none of them of the new cluster"
    READY = "the new cluster has as many ready endpoints as the old one"
    PASSED = "all checks passed for this pod template, seen from every consumer"
    FAILED = "a check failed"
    DRAINED = "no consumer sees the old cluster, and its connections are gone"
    SOAKED = "the soak is over, and the checks pass"
    RESTORED = "the old cluster is as it was and serves, and after that the new one was taken away"
    BLOCKED = "it cannot go on without a person"
    PAUSE = "a person paused it"
    RESUME = "a person resumed it, or asked to try again"
    BACK = "a person asked to roll back"
    ABANDON = "a person gave the campaign up"
    FORWARD = "a person asked to move again"


@dataclass(frozen=True)
class Way:
    """One way out of a phase; without ``to`` it leads to where the move was held up."""

    phase: Phase
    event: Event
    to: Phase | None
    action: str
    """What is done from then on."""


@dataclass(frozen=True)
class Place:
    """Where a move is."""

    phase: Phase = Phase.PENDING
    held: Phase | None = None
    """Where it was when it was paused, or got stuck."""


ORDERS = frozenset({Event.PAUSE, Event.RESUME, Event.BACK, Event.ABANDON, Event.FORWARD})
HOLDS = (Phase.PAUSED, Phase.STUCK)
ENDS = (Phase.COMPLETED, Phase.ROLLED_BACK)

_FORWARD = (
    Way(Phase.PENDING, Event.ADMITTED, Phase.PREPARING, "wait for the Service in the new cluster"),
    Way(Phase.PREPARING, Event.DEFINED, Phase.JOINED, "join both ways, with none of the new cluster offered"),
    Way(Phase.JOINED, Event.WITHHELD, Phase.DEPLOYING, "wait for the workload in the new cluster"),
    Way(Phase.DEPLOYING, Event.READY, Phase.VERIFYING, "check, and offer more of the new cluster"),
    Way(Phase.VERIFYING, Event.PASSED, Phase.DRAINING, "take the old cluster out of rotation"),
    Way(Phase.DRAINING, Event.DRAINED, Phase.SOAKING, "go on checking"),
    Way(Phase.SOAKING, Event.SOAKED, Phase.COMPLETED, "nothing"),
)
AT_WORK = (*(way.phase for way in _FORWARD if way.phase is not Phase.PENDING), Phase.ROLLING_BACK)
"""The phases in which something is done."""

_RESTORE = "restore the old cluster, prove that it serves, then take the new one away"
_BACK = (
    *(
        Way(phase, Event.FAILED, Phase.ROLLING_BACK, _RESTORE)
        for phase in (Phase.VERIFYING, Phase.DRAINING, Phase.SOAKING)
    ),
    *(
        Way(phase, order, Phase.ROLLING_BACK, _RESTORE)
        for phase in (*AT_WORK, *HOLDS, Phase.COMPLETED)
        if phase is not Phase.ROLLING_BACK
        for order in (Event.BACK, Event.ABANDON)
    ),
    *(Way(Phase.PENDING, order, Phase.ROLLED_BACK, "nothing") for order in (Event.BACK, Event.ABANDON)),
    Way(Phase.ROLLING_BACK, Event.RESTORED, Phase.ROLLED_BACK, "nothing"),
    Way(Phase.ROLLED_BACK, Event.FORWARD, Phase.PENDING, "wait for its wave"),
)
_HELD = (
    Way(Phase.PENDING, Event.PAUSE, Phase.PAUSED, "nothing"),
    *(Way(phase, Event.PAUSE, Phase.PAUSED, "nothing") for phase in AT_WORK),
    *(Way(phase, Event.BLOCKED, Phase.STUCK, "say why, and who can mend it") for phase in AT_WORK),
    *(Way(phase, Event.RESUME, None, "go on") for phase in HOLDS),
)

WAYS = {(way.phase, way.event): way for way in (*_FORWARD, *_BACK, *_HELD)}
"""The whole table. What is not in it does not happen: an order without a way is refused."""


def follow(place: Place, event: Event) -> Place | None:
    """Where a move is after an event; None where the event is none of its phase."""
    way = WAYS.get((place.phase, event))
    if way is None:
        return None
    if way.to is None:
        return Place(place.held) if place.held else None
    return Place(way.to, held=place.phase if way.to in HOLDS else None)
