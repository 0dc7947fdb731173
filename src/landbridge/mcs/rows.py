"""The row of one cluster in the status of a MultiClusterService: its state, and the command that mends it; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from landbridge.api.meta import Key
from landbridge.api.multicluster import ClusterStatus, MultiClusterService, Role, State
from landbridge.api.names import EXPORT_UNMANAGED
from landbridge.mcs.cluster_view import ClusterView
from landbridge.mcs.conflicts import Conflict
from landbridge.telemetry.text import shown

WRITING = "endpoints are being written"

LONGEST = 1000
"""Bytes of the message of a row: with 200 clusters the hub still takes the status (rule S15)."""

_MINUTE = len("2026-01-01T10:00")
_NUMBERED = re.compile(r"\S*\d\S*", re.ASCII)

Finding = tuple[State, str]
Check = Callable[[Key, ClusterView], Finding | None]


def not_joined(_: Key, view: ClusterView) -> Finding | None:
    """The fleet does not have it."""
    if view.joined:
        return None
    return "NoCluster", f"not in the fleet; run: landbridge fleet join {view.name} --context <its context>"


def contact_lost(_: Key, view: ClusterView) -> Finding | None:
    """It cannot be seen; what it was last seen to have is kept."""
    return None if view.live else ("Stale", f"contact lost, last known endpoints are kept: {view.trouble}")


def not_readable(_: Key, view: ClusterView) -> Finding | None:
    """Something in it is of a form that nobody knows."""
    if not view.unread:
        return None
    return "Stale", f"it has what cannot be read, and what was known before is kept; the log says why: {view.unread}"


def namespace_barred(key: Key, view: ClusterView) -> Finding | None:
    """Its Secret allows some namespaces, and not this one."""
    if view.allowed:
        return None
    return "Forbidden", f"its allowed namespaces lack {key.namespace}; join it again with --namespace {key.namespace}"


def namespace_missing(key: Key, view: ClusterView) -> Finding | None:
    """The namespace is not there."""
    if view.namespace:
        return None
    return "NoNamespace", f"run: kubectl --context {view.name} create namespace {key.namespace}"


def service_missing(key: Key, view: ClusterView) -> Finding | None:
    """The Service is not there: no definition, no consent."""
    if view.service:
        return None
    return "NoService", f"run: kubectl --context {view.name} -n {key.namespace} apply -f <definition of {key.name}>"


def type_is_invalid(key: Key, view: ClusterView) -> Finding | None:
    """Its Service is an alias of another name."""
    if view.service is None or not view.service.external_name:
        return None
    return "InvalidServiceType", (
        f"its Service {key.name} is of type ExternalName, which has no endpoints: none is exported, none imported; "
        "make it a ClusterIP, or take this cluster off the MultiClusterService"
    )


def not_exported(key: Key, view: ClusterView) -> Finding | None:
    """It has slices, and nobody said that they may be exported."""
    if not (view.service and view.unexported):
        return None
    slices = f"{view.unexported} EndpointSlice(s)"
    if view.service.spec.selector:
        return "NotExported", (
            f"its Service has a selector, so its {slices}, which are not the control plane's, are not exported; if "
            f"they are to be, take the selector off, and annotate it with {EXPORT_UNMANAGED}=true"
        )
    return "NotExported", (
        f"its Service has no selector, so its {slices} are not exported; if they are to be, "
        f"run: kubectl --context {view.name} -n {key.namespace} annotate service {key.name} {EXPORT_UNMANAGED}=true"
    )


def write_forbidden(_: Key, view: ClusterView) -> Finding | None:
    """It does not let us write."""
    return ("Forbidden", view.refused) if view.refused else None


def work_left(_: Key, view: ClusterView) -> Finding | None:
    """Not everything is written yet."""
    return ("Pending", view.failed or WRITING) if view.pending else None


CHECKS: tuple[Check, ...] = (
    not_joined,
    contact_lost,
    not_readable,
    namespace_barred,
    namespace_missing,
    service_missing,
    type_is_invalid,
    not_exported,
    write_forbidden,
    work_left,
)
"""In the order in which a person would have to mend them."""


def finding(key: Key, view: ClusterView, found: Sequence[Conflict]) -> Finding | None:
    """What has to be mended first; else in what it routes otherwise than its Service says."""
    if first := next(filter(None, (check(key, view) for check in CHECKS)), None):
        return first
    messages = [conflict.message for conflict in found if view.name in conflict.clusters]
    return ("Conflict", "; ".join(messages)) if messages else None


def ending(key: Key, view: ClusterView, left: str) -> Finding | None:
    if left:
        return ("Forbidden" if view.refused else "Pending"), left
    return not_joined(key, view) or contact_lost(key, view)


def row(mcs: MultiClusterService, view: ClusterView, found: Finding | None, now: str) -> ClusterStatus:
    """The new row; the old one, where it says the same."""
    state, message = found or ("Synced", "")
    if view.successor:
        message = "; ".join(filter(None, (message, f"new address or CA not usable yet: {view.successor}")))
    roles: tuple[tuple[Role, tuple[str, ...]], ...] = (
        ("Provider", mcs.spec.providers),
        ("Consumer", mcs.spec.consumers),
    )
    new = ClusterStatus(
        name=view.name,
        roles=tuple(role for role, names in roles if view.name in names),
        state=state,
        own_ready=view.own_ready,
        imported_ready=view.imported_ready,
        offered=view.offered,
        last_sync_time=now,
        message=shown(message, LONGEST),
    )
    return _keep_time(new, mcs.status.clusters if mcs.status else ())


def _keep_time(row: ClusterStatus, old: Sequence[ClusterStatus]) -> ClusterStatus:
    """A row's time changes only with the row; what differs in numbers alone is told once a minute (rule S5).

    The port, or the count, in the text of an error would else make each retry a write on the hub.
    """
    before = next((other for other in old if other.name == row.name), None)
    if before is None or not before.last_sync_time:
        return row
    same_minute = row.last_sync_time[:_MINUTE] == before.last_sync_time[:_MINUTE]
    alike = same_minute and _plain(row.message) == _plain(before.message)
    message = before.message if alike else row.message
    return before if replace(row, last_sync_time=before.last_sync_time, message=message) == before else row


def _plain(text: str) -> str:
    return _NUMBERED.sub("#", text)
