"""Who has to look at what, when something changed: from informers to queues, by key."""

from __future__ import annotations

from landbridge.api.meta import Key
from landbridge.api.multicluster import MultiClusterService
from landbridge.api.names import FINALIZER
from landbridge.clusters.member import Member
from landbridge.clusters.ownership import imported, service_of, source
from landbridge.controller.flapping import LOST_REPORT_DELAY, Flapping
from landbridge.fleet.record import FleetRecord
from landbridge.kube.clock import utc_now
from landbridge.kube.queue import WorkQueue
from landbridge.mcs.ending import away
from landbridge.mcs.state import Decisive, FleetState
from landbridge.telemetry.metrics import LIVE

SETTLE = 0.25
"""Seconds from a change to its report, in which it is usually written: or every change would be reported twice."""


class Router:
    """Fans changes out. Every method only adds keys to queues."""

    def __init__(self, state: FleetState, hub: WorkQueue[Key]) -> None:
        self._state = state
        self._hub = hub
        self._flapping = Flapping()

    def service_changed(self, key: Key) -> None:
        """A MultiClusterService was put or deleted; its own status is no news to members."""
        mcs = self._state.multicluster_services.get(key)
        self._hub.add_after(key, self._delay(key))
        if mcs is None:
            self._state.decisive.pop(key, None)
        else:
            decisive = Decisive.of(mcs, utc_now())
            if decisive == self._state.decisive.get(key):
                return
            self._state.decisive[key] = decisive
            if not decisive.ending:
                self._state.ended.discard(key)
        for member in self._state.members.values():
            member.queue.add(key)

    def migration_changed(self, key: Key) -> None:
        """A ServiceMigration was put or deleted: what its Service's providers offer may be more now, or less."""
        self._hub.add_after(key, self._delay(key))
        for member in self._state.members.values():
            member.queue.add(key)

    def service_deleted(self, mcs: MultiClusterService) -> None:
        """A deletion that overtook our finalizer is an order all the same: an API server that had read the object
        before deletes it at once, with the finalizer on (rule S11)."""
        meta = mcs.metadata
        if FINALIZER not in meta.finalizers or meta.deletion_timestamp:
            return
        self._state.ended.add(meta.key)
        for cluster in away(self._state, mcs):
            self._state.ledger.owe(cluster, meta.key)

    def member_changed(self, member: Member, key: Key) -> None:
        """A Service or one of its slices changed in a member, or a namespace came or went."""
        if not key.namespace:
            self._namespace_changed(key.name)
            return
        mcs = self._state.multicluster_services.get(key)
        if mcs is None:
            if self._state.owed(member.name, key) or member.imports(key, self._state.uid):
                member.queue.add(key)
            return
        provides = member.name in mcs.spec.providers
        for name in {member.name, *(mcs.spec.consumers if provides else ())}:
            if consumer := self._state.members.get(name):
                consumer.queue.add(key)
        self._hub.add_after(key, SETTLE)

    def contact_changed(self, member: Member, won: bool) -> None:
        """Contact with a member was won or lost, in part or as a whole."""
        LIVE.labels(member.name).set(member.live)
        if won:
            self._take_signs(member)
            self._resync(member, self._joined())
        if not won:
            self._flapping.lost(member.name)
        elif member.live:
            self._flapping.won(member.name)
        for mcs in self._state.multicluster_services:
            if won and member.name in mcs.spec.providers:
                self._add(mcs)
            if _heeds(mcs, member.name):
                self._hub.add_after(mcs.metadata.key, self._contact_delay(mcs, member, won))

    def engagement_failed(self, cluster: str) -> None:
        """The engagement of a cluster ended by an error; it is tried again."""
        for mcs in self._state.multicluster_services:
            if _heeds(mcs, cluster):
                self._hub.add_after(mcs.metadata.key, LOST_REPORT_DELAY)

    def report(self, key: Key) -> None:
        """A member's worker did something that the status, or the end, of a MultiClusterService depends on."""
        self._hub.add_after(key, self._delay(key))

    def record_changed(self, before: FleetRecord) -> None:
        """The fleet's record says something else than before: debts that were noted, or that somebody dropped."""
        now = self._state.ledger.record
        for name in {*before.debts, *now.debts}:
            for key in before.debts.get(name, frozenset()) ^ now.debts.get(name, frozenset()):
                self._hub.add(key)
                if member := self._state.members.get(name):
                    member.queue.add(key)
        if before.left != now.left:
            for member in self._state.members.values():
                self._take_signs(member)
        if (before.left, before.members) != (now.left, now.members):
            self.roster_changed()

    def roster_changed(self) -> None:
        """A cluster came, goes, or is described otherwise; or the hub came back into view."""
        joined = self._joined()
        for member in self._state.members.values():
            self._resync(member, joined)
        for key in joined:
            self._hub.add(key, live=False)

    def _take_signs(self, member: Member) -> None:
        """An import says that its source was in the fleet when it was made, whatever an older record says."""
        signs: dict[str, str] = {}
        now = utc_now()
        for slice_ in member.slices.store if self._state.ledger.record.left else ():
            made = slice_.metadata.creation_timestamp or ""
            cluster = source(slice_, self._state.uid) if imported(slice_, self._state.uid) else ""
            if cluster in self._state.ledger.record.left and made <= now:
                signs[cluster] = max(made, signs.get(cluster, ""))
        self._state.witnessed[member.name] = signs

    def _joined(self) -> set[Key]:
        return {mcs.metadata.key for mcs in self._state.multicluster_services}

    def _resync(self, member: Member, joined: set[Key]) -> None:
        """Let a member look at everything; live changes overtake."""
        present = {service_of(slice_) for slice_ in member.slices.store if imported(slice_, self._state.uid)}
        for key in joined | present | self._state.ledger.record.debts.get(member.name, frozenset()):
            member.queue.add(key, live=False)

    def _add(self, mcs: MultiClusterService) -> None:
        for name in mcs.spec.consumers:
            if consumer := self._state.members.get(name):
                consumer.queue.add(mcs.metadata.key, live=False)

    def _delay(self, key: Key) -> float:
        """A report waits for what is being written; a finalizer to set or to take off does not."""
        mcs = self._state.multicluster_services.get(key)
        stays = mcs is not None and FINALIZER in mcs.metadata.finalizers and mcs.metadata.deletion_timestamp is None
        return SETTLE if stays else 0.0

    def _contact_delay(self, mcs: MultiClusterService, member: Member, won: bool) -> float:
        """What is lost, if only in part, is reported later than what is won; unless an end may wait for it."""
        if member.live or (won and member.shows(provider=member.name in mcs.spec.providers)):
            return self._delay(mcs.metadata.key)
        return LOST_REPORT_DELAY if mcs.metadata.deletion_timestamp else self._flapping.delay(member.name)

    def _namespace_changed(self, namespace: str) -> None:
        for mcs in self._state.multicluster_services:
            if mcs.metadata.namespace == namespace:
                self._hub.add_after(mcs.metadata.key, SETTLE)


def _heeds(mcs: MultiClusterService, cluster: str) -> bool:
    """Whether contact with the cluster matters to it: what ends waits for every cluster that can be reached."""
    return mcs.metadata.deletion_timestamp is not None or cluster in mcs.spec.clusters
