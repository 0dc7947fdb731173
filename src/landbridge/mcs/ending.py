"""What is left of a MultiClusterService that ends, and where; reads memory only (rule S11)."""

from __future__ import annotations

from collections.abc import Iterable

from landbridge.api.discovery import EndpointSlice
from landbridge.api.meta import Key
from landbridge.api.multicluster import MultiClusterService
from landbridge.clusters.member import Member
from landbridge.mcs.state import FleetState


def holding_up(state: FleetState, key: Key) -> dict[str, str]:
    """What the end of a MultiClusterService waits for, by cluster, for a person; empty when nothing is left.

    Every cluster that can be reached counts, whatever the spec says, and so does one that may answer in a moment.
    """
    found = {name: _remainder(state, name, key) for name in {*state.clusters, *state.members}}
    return {name: remainder for name, remainder in sorted(found.items()) if remainder}


def _remainder(state: FleetState, cluster: str, key: Key) -> str:
    """What is left in a cluster, or may be, and why."""
    if state.connecting(cluster):
        return "it is being connected to; what it holds is not known yet"
    member = state.members.get(cluster)
    if member is None or not member.writable:
        return ""
    imports = member.imports(key, state.uid)
    if not imports and not unsettled(member, key):
        return ""
    trouble = member.refused.get(key) or held(cluster, imports) or member.failed.get(key)
    if trouble or state.current:
        return trouble or "imports are being removed"
    return "imports are left; none is removed while the hub is not in view as a whole"


def held(cluster: str, imports: Iterable[EndpointSlice]) -> str:
    """Which imports are deleted, and there still, because somebody's finalizer holds them; and how to see that."""
    found = [slice_.metadata for slice_ in imports if slice_.metadata.deletion_timestamp]
    if not found:
        return ""
    first = found[0]
    more = f" and {len(found) - 1} more" if found[1:] else ""
    return (
        f"import {first.name}{more} held by finalizer {', '.join(first.finalizers)}, which is not ours; see: "
        f"kubectl --context {cluster} -n {first.namespace} get endpointslice {first.name} -o yaml"
    )


def away(state: FleetState, mcs: MultiClusterService) -> list[str]:
    """The clusters out of reach that may hold imports of it."""
    return sorted(name for name in state.everyone if not state.writable(name) and _may_hold(state, name, mcs))


def _may_hold(state: FleetState, cluster: str, mcs: MultiClusterService) -> bool:
    """Whether it was a consumer, or last seen with an import, or never seen: what is unknown is not absent."""
    member, key = state.members.get(cluster), mcs.metadata.key
    if cluster in mcs.spec.consumers or member is None or not (member.is_itself and member.slices.synced):
        return True
    return unsettled(member, key) or bool(member.imports(key, state.uid))


def unsettled(member: Member, key: Key) -> bool:
    """Whether something that was decided before may still be on its way."""
    return member.queue.pending(key) or key in member.failed
