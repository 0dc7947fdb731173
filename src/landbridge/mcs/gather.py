"""From the caches to the input of a decision. Reads memory only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from landbridge.api.meta import Key
from landbridge.api.multicluster import MultiClusterService, MultiClusterServiceSpec
from landbridge.api.names import FINALIZER
from landbridge.fleet.cluster import Cluster
from landbridge.mcs.exports import exported
from landbridge.mcs.intent import Intent, intent
from landbridge.mcs.member import Member
from landbridge.mcs.plan import plan
from landbridge.mcs.status import ClusterView
from landbridge.mcs.views import ConsumerView, ProviderView, View


class Services(Protocol):
    """The MultiClusterServices of the hub, by key."""

    def get(self, key: Key) -> MultiClusterService | None:
        """The one of that key."""

    def __iter__(self) -> Iterator[MultiClusterService]:
        """All of them."""


@dataclass(frozen=True)
class Seen:
    """The part of a MultiClusterService that decides; its status does not."""

    spec: MultiClusterServiceSpec
    held: bool
    """Whether it carries our finalizer."""
    ending: bool
    since: str = field(default="", compare=False)

    @classmethod
    def of(cls, mcs: MultiClusterService, since: str) -> Seen:
        """That part of ``mcs``."""
        meta = mcs.metadata
        return cls(mcs.spec, FINALIZER in meta.finalizers, meta.deletion_timestamp is not None, since)


NEVER = Seen(MultiClusterServiceSpec((), ()), False, False)


@dataclass
class Fleet:
    """Everything known, in memory; all of it can be read again from the clusters."""

    uid: str
    services: Services
    clusters: dict[str, Cluster | None] = field(default_factory=dict)
    """All clusters that the hub has a Secret for; ``None`` where the Secret was refused."""
    left: set[str] = field(default_factory=set)
    """Clusters that left properly; a Secret that is simply not there says nothing (rule S7)."""
    current: bool = True
    """Whether the hub's word is current. What it said last stays true, but it is no order to remove."""
    members: dict[str, Member] = field(default_factory=dict)
    """The engaged ones."""
    debts: dict[str, set[Key]] = field(default_factory=dict)
    """What clusters still hold of deleted MultiClusterServices, as far as is known."""
    seen: dict[Key, Seen] = field(default_factory=dict)
    """What of each MultiClusterService matters to members, and since when it is so."""

    def live(self, cluster: str) -> bool:
        """Whether the cluster is engaged and its caches are current."""
        return cluster in self.members and self.members[cluster].live

    def connecting(self, cluster: str) -> bool:
        """Whether the cluster was just engaged, and may answer or not."""
        return cluster in self.members and self.members[cluster].connecting

    def owed(self, cluster: str, key: Key) -> bool:
        """Whether the cluster may hold imports of a MultiClusterService that was deleted while it was away."""
        return key in self.debts.get(cluster, ())

    def joined(self, cluster: str) -> bool:
        """Whether the cluster is in the fleet to stay. A refused Secret is not a farewell (rule S7)."""
        return cluster in self.clusters and not self.leaving(cluster)

    def gone(self, cluster: str) -> bool:
        """Whether a person wants, or wanted, the cluster out: what others import from it goes."""
        return self.leaving(cluster) or (cluster in self.left and cluster not in self.clusters)

    def leaving(self, cluster: str) -> bool:
        """Whether a person wants the cluster out."""
        known = self.clusters.get(cluster)
        return known is not None and known.leaving

    def allows(self, cluster: str, namespace: str) -> bool:
        """Whether the cluster takes part in Services of the namespace (rule S14)."""
        known = self.clusters.get(cluster)
        return known is None or known.allows(namespace)


def view(fleet: Fleet, member: Member, key: Key) -> View:
    """One Service in one consumer."""
    mcs = fleet.services.get(key)
    service = member.services.store.get(key)
    wanted = intent(
        mcs,
        key,
        member.name,
        known=member.name in fleet.clusters,
        owed=fleet.owed(member.name, key),
        allowed=fleet.allows(member.name, key.namespace),
        leaving=fleet.leaving(member.name),
        service=service,
    )
    if wanted is Intent.REMOVE and not fleet.current:
        wanted = Intent.KEEP
    providers = _providers(fleet, mcs, member.name) if mcs and wanted is Intent.SYNC else ()
    created = (service.metadata.creation_timestamp if service else None) or ""
    times = (member.since, created, fleet.seen.get(key, NEVER).since, *(p.since for p in _engaged(fleet, providers)))
    consumer = ConsumerView(member.name, service, member.imports(key, fleet.uid))
    return View(fleet.uid, key, wanted, providers, consumer, current=fleet.current, since=max(times))


def cluster_view(fleet: Fleet, name: str, mcs: MultiClusterService) -> ClusterView:
    """One cluster, for the status of one MultiClusterService."""
    key = mcs.metadata.key
    allowed = fleet.allows(name, key.namespace)
    member = fleet.members.get(name)
    if member is None:
        trouble = "not engaged yet" if fleet.clusters.get(name) else "its Secret was refused; see the controller's log"
        return ClusterView(name, fleet.joined(name), False, trouble, allowed, False, None, 0, 0, "", "", False)
    service = member.services.store.get(key)
    own = exported(service, member.slices.store.group(key))
    return ClusterView(
        name=name,
        joined=fleet.joined(name),
        live=member.live,
        trouble=member.trouble,
        allowed=allowed,
        namespace=member.namespaces.store.get(Key("", key.namespace)) is not None,
        service=service,
        own_ready=sum(slice_.ready for slice_ in own),
        imported_ready=sum(slice_.ready for slice_ in member.imports(key, fleet.uid)),
        refused=member.refused.get(key, ""),
        failed=member.failed.get(key, ""),
        pending=key in member.failed or plan(view(fleet, member, key)).reshape,
    )


def _providers(fleet: Fleet, mcs: MultiClusterService, consumer: str) -> tuple[ProviderView, ...]:
    """The providers that take part; one that is not engaged, or has no Secret, is there and blind (rule S7)."""
    return tuple(
        _provider(fleet, name, mcs.metadata.key)
        for name in mcs.spec.providers
        if name != consumer and not fleet.gone(name) and fleet.allows(name, mcs.metadata.namespace)
    )


def _provider(fleet: Fleet, name: str, key: Key) -> ProviderView:
    member = fleet.members.get(name)
    if member is None:
        return ProviderView(name, False, None, ())
    return ProviderView(name, member.live, member.services.store.get(key), member.slices.store.group(key))


def _engaged(fleet: Fleet, providers: tuple[ProviderView, ...]) -> list[Member]:
    return [fleet.members[provider.name] for provider in providers if provider.name in fleet.members]
