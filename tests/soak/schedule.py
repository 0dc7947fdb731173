"""What happens when: a pure function of the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from tests.api.world import CLUSTERS, HUB, NEW

SERVICES = 50
NAMESPACES = 5
DARK = 10
"""One Service in so many is on the move, and dark in the cluster that it moves to."""

FAULT_SECONDS = 12.0
"""In which faults begin."""


class Kind(StrEnum):
    """What can go wrong."""

    CUT = "API server cut off"
    FREEZE = "API server frozen"
    DELAY = "API server delayed"
    IDLE = "idle connections cut"
    ETCD_RESTART = "etcd restarted"
    COMPACTED = "etcd compacted, API server restarted"
    RESTORE = "etcd restored"
    TOKEN = "token revoked"
    KILL = "controller killed"
    STOP = "controller stopped"
    DOUBLE = "second controller"
    SERVICE = "Service deleted"
    NAMESPACE = "namespace deleted"
    IMPORT = "imports deleted"
    SECRET = "cluster Secret gone"
    EMPTIED = "hub emptied"
    ENDED = "MultiClusterServices deleted"
    NONSENSE = "nonsense for an answer"


SERVER_FAULTS = (
    Kind.CUT,
    Kind.FREEZE,
    Kind.DELAY,
    Kind.IDLE,
    Kind.ETCD_RESTART,
    Kind.COMPACTED,
    Kind.RESTORE,
    Kind.NONSENSE,
)
"""One at a time: some of them begin by undoing the others."""
CONTROLLER_FAULTS = (Kind.KILL, Kind.STOP, Kind.DOUBLE)
OBJECT_FAULTS = (Kind.SERVICE, Kind.NAMESPACE, Kind.IMPORT, Kind.SECRET, Kind.EMPTIED, Kind.ENDED, Kind.TOKEN)


@dataclass(frozen=True)
class Fault:
    """One fault: when it begins, in seconds from the start, where, and for how long."""

    at: float
    kind: Kind
    cluster: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.at:5.1f} s  {self.kind} ({self.cluster}) for {self.seconds:.1f} s"


@dataclass(frozen=True)
class Joined:
    """One MultiClusterService."""

    namespace: str
    name: str
    providers: tuple[str, ...]
    consumers: tuple[str, ...]
    dark: str = ""
    """The provider that it moves to, and of which the others get nothing yet."""


@dataclass(frozen=True)
class Schedule:
    """All of one seed. Lanes run side by side, the faults of one lane one after the other."""

    seed: int
    services: tuple[Joined, ...]
    lanes: tuple[tuple[Fault, ...], ...]

    @property
    def faults(self) -> list[Fault]:
        """All faults, in the order in which they begin."""
        return sorted((fault for lane in self.lanes for fault in lane), key=lambda fault: fault.at)


def schedule(seed: int) -> Schedule:
    """That of a seed."""
    draw = random.Random(seed)
    services = tuple(_joined(draw, seed, number) for number in range(SERVICES))
    lanes = tuple(_lane(draw, kinds) for kinds in (SERVER_FAULTS, CONTROLLER_FAULTS, OBJECT_FAULTS))
    return Schedule(seed, services, lanes)


def _joined(draw: random.Random, seed: int, number: int) -> Joined:
    providers, consumers = (tuple(draw.sample(CLUSTERS, draw.randint(1, 3))) for _ in range(2))
    dark = providers[-1] if number % DARK == 0 else ""
    return Joined(f"soak-{seed}-{number % NAMESPACES}", f"web-{number}", providers, consumers, dark)


def _where(kind: Kind, drawn: str) -> str:
    """The hub alone can be emptied; a namespace of the hub would take the MultiClusterServices along."""
    if kind is Kind.EMPTIED:
        return HUB
    return NEW if kind is Kind.NAMESPACE and drawn == HUB else drawn


def _lane(draw: random.Random, kinds: tuple[Kind, ...]) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    at = draw.uniform(0, 2)
    while at < FAULT_SECONDS:
        kind = draw.choice(kinds)
        seconds = draw.uniform(0.5, 5)
        cluster = _where(kind, draw.choice(CLUSTERS))
        faults.append(Fault(round(at, 1), kind, cluster, round(seconds, 1)))
        at += seconds + draw.uniform(0.5, 2)
    return tuple(faults)
