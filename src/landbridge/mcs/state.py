"""Everything known, in memory; all of it can be read again from the clusters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from landbridge.api.meta import Key
from landbridge.api.migration import ServiceMigration
from landbridge.api.multicluster import MultiClusterService, MultiClusterServiceSpec
from landbridge.api.names import FINALIZER
from landbridge.clusters.roster import Roster
from landbridge.mcs.ended import Ended
from landbridge.mcs.pace import Pace
from landbridge.mcs.restraint import Restraint


class MultiClusterServices(Protocol):
    """Those of the hub, by key."""

    def get(self, key: Key) -> MultiClusterService | None:
        """The one of that key."""

    def __iter__(self) -> Iterator[MultiClusterService]:
        """All of them."""


class ServiceMigrations(Protocol):
    """Those of the hub, by key."""

    def get(self, key: Key, /) -> ServiceMigration | None:
        """The one of that key."""


@dataclass(frozen=True)
class Decisive:
    """The part of a MultiClusterService that members act on; its status is none of it."""

    spec: MultiClusterServiceSpec
    has_finalizer: bool
    ending: bool
    since: str = field(default="", compare=False)
    """When it was first seen so (RFC 3339, UTC)."""
    shares_host_names: bool = False

    @classmethod
    def of(cls, mcs: MultiClusterService, since: str) -> Decisive:
        """That part of ``mcs``."""
        meta = mcs.metadata
        ending = meta.deletion_timestamp is not None
        return cls(mcs.spec, FINALIZER in meta.finalizers, ending, since, mcs.shares_host_names)


@dataclass(kw_only=True)
class FleetState(Roster):
    """The clusters, and the MultiClusterServices that join their Services."""

    multicluster_services: MultiClusterServices
    """Those of the hub."""
    service_migrations: ServiceMigrations = field(default_factory=dict[Key, ServiceMigration])
    """Those of the hub."""
    may_be_limited: Callable[[Key], bool] = lambda _: False
    """Whether a ServiceMigration of that key may be there, and be one that cannot be read."""
    decisive: dict[Key, Decisive] = field(default_factory=dict)
    """What of each MultiClusterService decides, and since when it is so."""
    ended: Ended = field(default_factory=Ended)
    """What came to its end: an old leader may still write imports of it."""
    restraints: defaultdict[str, Restraint] = field(default_factory=lambda: defaultdict(Restraint))
    """What was wanted of the imports of each cluster; it outlives an engagement that failed (rule S12)."""
    paces: defaultdict[str, Pace] = field(default_factory=lambda: defaultdict(Pace))
    """How fast new imports come into each cluster; it outlives an engagement, too (rule S9)."""
    in_contact: Callable[[], bool] = lambda: True
    """Whether nobody else can lead this fleet: the hub was heard of within the lease (rule S12)."""

    def explains(self, cluster: str, key: Key) -> bool:
        """Whether a MultiClusterService, its end, or a debt, says what should become of imports in a cluster."""
        return self.multicluster_services.get(key) is not None or key in self.ended or self.owed(cluster, key)

    def remember_end(self, mcs: MultiClusterService) -> None:
        """It came to its end, unless there is another one of that name by now."""
        now = self.multicluster_services.get(mcs.metadata.key)
        if now is None or now.metadata.uid == mcs.metadata.uid:
            self.ended.add(mcs.metadata.key)

    def naming(self, cluster: str) -> list[Key]:
        """The MultiClusterServices that name a cluster."""
        return [mcs.metadata.key for mcs in self.multicluster_services if cluster in mcs.spec.clusters]

    def decisive_since(self, key: Key) -> str:
        """Since when a MultiClusterService says what it says; empty where there is none."""
        known = self.decisive.get(key)
        return known.since if known else ""
