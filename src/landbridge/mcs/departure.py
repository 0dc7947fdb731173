"""Whether a leaving cluster may go; reads memory only (rule S11).

It goes when it holds no import, and no other cluster in reach holds one that is proved to come from it. An import that
only its labels call its own is waited for by nobody: anyone may write labels. Where a MultiClusterService or the sweep
decides about it, it goes; else it stays, and is told.

All slices of all clusters are looked through twice: when the leave begins, and when nothing that was found then is
left. A look between them costs what is left.

What was decided before the leave began may still be on its way. What is decided later is no matter: a Service that
changes all the time, or whose writes fail for another reason, holds nobody back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from landbridge.api.discovery import EndpointSlice
from landbridge.api.meta import Key
from landbridge.clusters.member import Member
from landbridge.clusters.ownership import imported, proved, service_of, source
from landbridge.mcs.state import FleetState

Place = tuple[str, Key]
"""A Service in a cluster."""


class Departures:
    """The clusters that are leaving."""

    def __init__(self, state: FleetState) -> None:
        self._state = state
        self._left: dict[str, set[Place]] = {}
        """Where each of them waits for something, as of the last look."""
        self._began: dict[str, float] = {}
        """Loop time of the first look at each."""

    def clean(self, cluster: str) -> bool:
        """Whether nothing of it is left that the controller removes."""
        self._began.setdefault(cluster, asyncio.get_running_loop().time())
        if not self._in_view(cluster):
            return False
        left = {place for place in self._left.pop(cluster, ()) if self._waits_at(cluster, place)}
        left = left or set(self._everywhere(cluster))
        if left:
            self._left[cluster] = left
        return not left

    def forget(self, cluster: str) -> None:
        """It left, or stays after all."""
        self._left.pop(cluster, None)
        self._began.pop(cluster, None)

    def strays(self, cluster: str) -> list[str]:
        """Imports in other clusters that only their labels call those of the cluster, with the clusters' names."""
        return sorted(
            f"{member.name}: {slice_.metadata.key}"
            for member in self._writable()
            for slice_ in member.slices.store
            if member.name != cluster and self._claims(slice_, cluster) and not proved(slice_, self._state.uid)
        )

    def _in_view(self, cluster: str) -> bool:
        state = self._state
        return state.writable(cluster) and not any(map(state.connecting, state.members))

    def _everywhere(self, cluster: str) -> Iterator[Place]:
        naming = self._state.naming(cluster)
        for member in self._writable():
            yield from ((member.name, key) for key in naming if self._under_way(cluster, member, key))
            for slice_ in member.slices.store:
                if self._waits_for(cluster, member, slice_):
                    yield member.name, service_of(slice_)

    def _waits_at(self, cluster: str, place: Place) -> bool:
        name, key = place
        if not self._state.writable(name):
            return False
        member = self._state.members[name]
        group = member.slices.store.group(key)
        held = any(self._waits_for(cluster, member, slice_) for slice_ in group)
        return held or self._under_way(cluster, member, key)

    def _under_way(self, cluster: str, member: Member, key: Key) -> bool:
        """Whether something may come into being that was decided before.

        In the leaving cluster also by a write without an answer; elsewhere such a one is seen later, and goes then.
        """
        if member.name == cluster and key in member.failed:
            return True
        since = member.queue.unsettled_since(key)
        return since is not None and since <= self._began[cluster]

    def _waits_for(self, cluster: str, member: Member, slice_: EndpointSlice) -> bool:
        if member.name == cluster:
            return imported(slice_, self._state.uid)
        return self._claims(slice_, cluster) and proved(slice_, self._state.uid)

    def _claims(self, slice_: EndpointSlice, cluster: str) -> bool:
        return imported(slice_, self._state.uid) and source(slice_, self._state.uid) == cluster

    def _writable(self) -> list[Member]:
        return [member for member in self._state.members.values() if member.writable]
