"""Whether anything of ours is left, where something ends; reads memory only (rule S11)."""

from __future__ import annotations

from landbridge.api.meta import Key
from landbridge.api.multicluster import MultiClusterService
from landbridge.clusters.member import Member
from landbridge.clusters.ownership import imported, source
from landbridge.mcs.state import FleetState


def nothing_left(state: FleetState, key: Key) -> bool:
    """Whether no cluster that can be reached holds an import of a Service, or is about to write one."""
    return not any(
        member.writable and (_unsettled(member, key) or member.imports(key, state.uid))
        for member in state.members.values()
    )


def away(state: FleetState, mcs: MultiClusterService) -> list[str]:
    """The clusters out of reach that may hold imports of it."""
    return sorted(name for name in state.everyone if not state.writable(name) and _may_hold(state, name, mcs))


def _may_hold(state: FleetState, cluster: str, mcs: MultiClusterService) -> bool:
    """Whether it was a consumer, or last seen with an import, or never seen: what is unknown is not absent."""
    member, key = state.members.get(cluster), mcs.metadata.key
    if cluster in mcs.spec.consumers or member is None or not member.slices.synced:
        return True
    return _unsettled(member, key) or bool(member.imports(key, state.uid))


def emptied(state: FleetState, cluster: str) -> bool:
    """Whether a leaving cluster holds no import, and no other cluster that can be seen holds one from it."""
    leaving = state.members.get(cluster)
    if leaving is None or not leaving.writable or any(map(state.connecting, state.members)):
        return False
    return not any(
        any(_unsettled(member, key) for key in state.naming(cluster))
        or any(
            imported(slice_, state.uid) and (member is leaving or source(slice_, state.uid) == cluster)
            for slice_ in member.slices.store
        )
        for member in state.members.values()
        if member.writable
    )


def _unsettled(member: Member, key: Key) -> bool:
    """Whether something that was decided before may still be on its way."""
    return member.queue.pending(key) or key in member.failed
