"""Who is in the fleet, and who of them is in view.

What the hub says of a cluster, and what follows:

| its Secret on the hub     | the record says that it left | joined | leaving | gone |
|---------------------------|------------------------------|--------|---------|------|
| there, or there and refused | -                          | yes    | no      | no   |
| being deleted             | -                            | no     | yes     | yes  |
| none                      | no                           | no     | no      | no   |
| none                      | yes                          | no     | no      | yes  |
| none                      | yes, but it joined again     | no     | no      | no   |

*joined*: in the fleet to stay. *leaving*: a person wants it out. *gone*: what others import from it goes, too. A Secret
that is refused, or that vanished without a farewell, says nothing (rule S7). *It joined again*: its Secret was made
after the farewell, so the record is an older one that came back, as from a backup. For one consumer its own imports
from there, made after the farewell, say the same.

What the controller itself sees of a cluster that is engaged, which means that a task works on its connection:

| its caches                                                       | connecting | live         |
|------------------------------------------------------------------|------------|--------------|
| none: its task is about to begin                                 | yes        | no           |
| not complete yet, nothing went wrong, engaged for less than 15 s | yes        | no           |
| not complete after 15 s                                          | no         | no           |
| complete, and every watch is open                                | no         | yes          |
| a watch or a list failed and is tried again                      | no         | see `member` |

*live* and *writable* are properties of a `member`, where a table says which caches they need, and what for. *current*
is like *live*, for the hub: all its kinds are listed, and their watches are open.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from landbridge.api.meta import Key
from landbridge.clusters.member import Member
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.ledger import Ledger
from landbridge.fleet.record import FleetRecord
from landbridge.kube.guarded import Permit, always


@dataclass
class Roster:
    """What the hub's Secrets and the fleet's record say of the clusters, and the engaged ones."""

    uid: str
    """Of the fleet."""
    clusters: dict[str, Cluster | None] = field(default_factory=dict)
    """All clusters that the hub has a Secret for; ``None`` where the Secret was refused."""
    signs: dict[str, str] = field(default_factory=dict)
    """When each cluster was in the fleet for sure: its Secret was made (RFC 3339, UTC)."""
    witnessed: dict[str, dict[str, str]] = field(default_factory=dict)
    """What each engaged cluster says of those that left: when its latest import from them was made. It is the word of
    that cluster, which may be forged there, so it spares that cluster's own imports and no others (rule S15)."""
    described: dict[str, Cluster] = field(default_factory=dict)
    """Each cluster as its Secret described it last, also while that is refused or missing."""
    ledger: Ledger = field(default_factory=lambda: Ledger(FleetRecord("")))
    """What the fleet's record says: members, farewells and debts."""
    current: bool = True
    """Whether the hub's word is current. What it said last stays true, but it is no order to remove."""
    permit: Permit = always
    """Asked before each write in a member (rule S12)."""
    members: dict[str, Member] = field(default_factory=dict)
    """The engaged ones."""
    held_up: set[str] = field(default_factory=set)
    """Clusters that cannot be engaged yet: what must outlive us is not written on the hub."""
    failures: dict[str, str] = field(default_factory=dict)
    """Why the engagement of a cluster ended, where it did; it is tried again."""
    successors: dict[str, str] = field(default_factory=dict)
    """Why a new address or CA of a cluster is not usable yet; the connection that there was goes on."""

    def live(self, cluster: str) -> bool:
        """Whether the cluster is engaged, and what it provides is in view."""
        return cluster in self.members and self.members[cluster].live

    def writable(self, cluster: str) -> bool:
        """Whether the cluster is engaged, and what it imports is in view."""
        return cluster in self.members and self.members[cluster].writable

    def connecting(self, cluster: str) -> bool:
        """Whether the cluster was engaged a moment ago, or is about to be, and may answer or not."""
        if member := self.members.get(cluster):
            return member.connecting
        return bool(self.clusters.get(cluster)) and cluster not in self.failures and cluster not in self.held_up

    def owed(self, cluster: str, key: Key) -> bool:
        """Whether the cluster may hold imports of a MultiClusterService that was deleted while it was away."""
        return self.ledger.owes(cluster, key)

    def joined(self, cluster: str) -> bool:
        """Whether the cluster is in the fleet to stay."""
        return cluster in self.clusters and not self.leaving(cluster)

    def gone(self, cluster: str, witness: str = "") -> bool:
        """Whether a person wants, or wanted, the cluster out: what others, as ``witness``, import from it goes."""
        return self.leaving(cluster) or (cluster not in self.clusters and self._left(cluster, witness))

    def leaving(self, cluster: str) -> bool:
        """Whether a person wants the cluster out."""
        known = self.clusters.get(cluster)
        return known is not None and known.leaving

    def allows(self, cluster: str, namespace: str) -> bool:
        """Whether the cluster takes part in Services of the namespace (rule S14)."""
        known = self.described_as(cluster)
        return known is None or known.allows(namespace)

    def described_as(self, cluster: str) -> Cluster | None:
        """What its Secret says; what it said last, while that is refused or missing."""
        return self.clusters.get(cluster) or self.described.get(cluster)

    def sign(self, cluster: str, time: str | None) -> None:
        """At this time the cluster was in the fleet for sure."""
        self.signs[cluster] = max(time or "", self.signs.get(cluster, ""))

    @property
    def everyone(self) -> set[str]:
        """All clusters that may hold imports, as far as is known: also those that have no Secret just now."""
        returned = {name for name in self.ledger.record.left if not self._left(name)}
        return {*self.clusters, *self.ledger.members, *returned}

    def _left(self, cluster: str, witness: str = "") -> bool:
        """Whether the record says so, and no later sign of the cluster contradicts it (rule S7)."""
        left = self.ledger.left(cluster)
        latest = max(self.signs.get(cluster, ""), self.witnessed.get(witness, {}).get(cluster, ""))
        return left is not None and not (left and latest > left)
