"""What a MultiClusterService says of itself; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from landbridge.api.multicluster import ClusterStatus, Condition, MultiClusterService, MultiClusterServiceStatus
from landbridge.mcs import rows
from landbridge.mcs.cluster_view import ClusterView
from landbridge.mcs.conditions import Said, conflict, conflicts, ready
from landbridge.telemetry.text import shown

ENDING = "Ending"

LONGEST = 4000
"""Bytes of the message of a condition (rule S15)."""


def status(
    mcs: MultiClusterService, views: Sequence[ClusterView], now: str, left: Mapping[str, str] | None = None
) -> MultiClusterServiceStatus:
    """The new status; equal to the old one, times included, where nothing changed.

    ``left`` is what other clusters still hold of it.
    """
    found = conflicts(mcs, views)
    told = [rows.row(mcs, view, rows.finding(mcs.metadata.key, view, found), now) for view in views]
    return _status(mcs, told, ready(mcs, told, left or {}), conflict(views, found), now)


def ending(
    mcs: MultiClusterService, views: Sequence[ClusterView], left: Mapping[str, str], now: str
) -> MultiClusterServiceStatus:
    """The new status of what is being deleted; ``left`` is what its end waits for, by cluster, also by others."""
    told = [rows.row(mcs, view, rows.ending(mcs.metadata.key, view, left.get(view.name, "")), now) for view in views]
    message = "; ".join(f"{cluster}: {remainder}" for cluster, remainder in left.items())
    others = ", ".join(mcs.metadata.finalizers)
    message = message or f"nothing of it is left in any cluster; it is held by finalizer {others}, which is not ours"
    return _status(mcs, told, ("Ready", "False", ENDING, message), conflict(views, conflicts(mcs, views)), now)


def _status(
    mcs: MultiClusterService,
    told: Sequence[ClusterStatus],
    is_ready: Said,
    has_conflict: Said,
    now: str,
) -> MultiClusterServiceStatus:
    """What is as it was keeps its time."""
    old = mcs.status or MultiClusterServiceStatus()
    return MultiClusterServiceStatus(
        observed_generation=mcs.metadata.generation,
        conditions=tuple(
            _keep_transition(
                Condition(kind, truth, reason, shown(message, LONGEST), now, mcs.metadata.generation), old.conditions
            )
            for kind, truth, reason, message in (is_ready, has_conflict)
        ),
        providers=",".join(mcs.spec.providers),
        consumers=",".join(mcs.spec.consumers),
        endpoints=sum(row.own_ready for row in told if "Provider" in row.roles),
        clusters=tuple(told),
    )


def _keep_transition(condition: Condition, old: Sequence[Condition]) -> Condition:
    before = next((other for other in old if other.type == condition.type), None)
    if before and before.last_transition_time and before.status == condition.status:
        return replace(condition, last_transition_time=before.last_transition_time)
    return condition
