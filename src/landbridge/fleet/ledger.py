"""The fleet's record in memory, as the hub has it, with our own changes that are still to be written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from landbridge.api.meta import Key
from landbridge.fleet.amendment import Amendment
from landbridge.fleet.record import FleetRecord
from landbridge.kube.clock import utc_now


class Ledger:
    """Answers from memory. A change counts at once; where it must outlive the process, look whether it is `noted`."""

    def __init__(self, record: FleetRecord, now: Callable[[], str] = utc_now) -> None:
        self.record = record
        """As the hub has it."""
        self.pending = Amendment(now)
        """What is still to be written."""
        self.wanted = asyncio.Event()
        """Set while there is something to write."""
        self.trouble = ""
        """Why it is not written."""

    def owes(self, cluster: str, key: Key) -> bool:
        """Whether the cluster may hold imports of a MultiClusterService that ended while it was away."""
        pending = self.pending.debts.get(cluster, {}).get(key)
        return self.noted(cluster, key) if pending is None else pending

    def noted(self, cluster: str, key: Key) -> bool:
        """Whether the hub knows of that debt."""
        return key in self.record.debts.get(cluster, ())

    @property
    def members(self) -> set[str]:
        """Clusters that joined and did not leave, whether or not they have a Secret just now."""
        left = self.pending.left
        return {name for name in {*self.record.members, *left} if left.get(name) is None}

    def left(self, cluster: str) -> str | None:
        """When the cluster left; ``None`` if it did not, or came back."""
        return self.pending.left[cluster] if cluster in self.pending.left else self.record.left.get(cluster)

    def written(self, cluster: str) -> bool:
        """Whether the hub knows whether the cluster is a member or left."""
        return self.pending.is_said(cluster, self.record)

    def owe(self, cluster: str, key: Key) -> None:
        """The cluster is away, and may hold imports of a MultiClusterService that ends."""
        if not self.owes(cluster, key):
            self.pending.owe(cluster, key)
            self.wanted.set()

    def settle(self, cluster: str, key: Key) -> None:
        """The cluster holds nothing of it any more."""
        if self.owes(cluster, key):
            self.pending.settle(cluster, key)
            self.wanted.set()

    def welcome(self, cluster: str) -> None:
        """The cluster is in the fleet to stay."""
        known = cluster in self.record.members and cluster not in self.pending.left
        if not known or self.left(cluster) is not None:
            self.pending.welcome(cluster)
            self.wanted.set()

    def farewell(self, cluster: str, seen: str = "") -> None:
        """The cluster leaves, and holds nothing any more; it was ``seen`` at that time, by others' clocks."""
        if self.left(cluster) is None:
            self.pending.farewell(cluster, seen)
            self.wanted.set()
