"""What a MultiClusterService says of itself; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from landbridge.api.core import Service
from landbridge.api.meta import Key
from landbridge.api.multicluster import (
    ClusterStatus,
    Condition,
    MultiClusterService,
    MultiClusterServiceStatus,
    Role,
    State,
)
from landbridge.api.names import EXPORT_UNMANAGED, SERVICE_NAME
from landbridge.mcs.conflicts import NO_CONFLICTS, NOT_COMPARED, Conflict, conflicts_in, named
from landbridge.mcs.differences import differences
from landbridge.mcs.intent import refusal
from landbridge.telemetry.text import shown


@dataclass(frozen=True)
class ClusterView:
    """One cluster of the spec, as the caches have it."""

    name: str
    joined: bool
    """Whether the fleet has such a cluster, and it is not leaving."""
    live: bool
    """Whether that of it is in view which its roles need."""
    trouble: str
    """Why it is not live."""
    allowed: bool
    namespace: bool
    """Whether the namespace exists there, as far as is known."""
    service: Service | None
    own_ready: int
    imported_ready: int
    refused: str
    """Why the last write was forbidden."""
    failed: str
    """Why the last write failed for another reason."""
    pending: bool
    """Whether there is something left to write."""
    successor: str = ""
    """Why its new address or CA is not in use yet, where it has one."""
    strangers: tuple[str, ...] = ()
    """Other fleets that import endpoints of the Service too, by uid."""
    current: bool = True
    """Whether its Service is known as it is now."""
    unexported: int = 0
    """How many slices it has as a provider, where it exports none of them."""
    withheld: tuple[tuple[str, str], ...] = ()
    """Why, and what, it does not import of what others offer."""
    unread: str = ""
    """What of the Service is there and cannot be read."""
    offered: str = ""
    """How many of its endpoints the others get, where a ServiceMigration limits that."""


ENDING = "Ending"
NO_ENDPOINTS = "NoEndpoints"
NOT_REMOVED = "NotRemoved"
WRITING = "endpoints are being written"

LONGEST_OF_A_CLUSTER, LONGEST = 1000, 4000
"""Bytes of the message of a row, and of a condition: with 200 clusters the hub still takes the status (rule S15)."""

_MINUTE = len("2026-01-01T10:00")
_NUMBERED = re.compile(r"\S*\d\S*", re.ASCII)

Finding = tuple[State, str]
Check = Callable[[Key, ClusterView], Finding | None]
Truth = Literal["True", "False", "Unknown"]
Said = tuple[str, Truth, str, str]
"""A condition: type, status, reason and message."""


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


def status(
    mcs: MultiClusterService, views: Sequence[ClusterView], now: str, left: Mapping[str, str] | None = None
) -> MultiClusterServiceStatus:
    """The new status; equal to the old one, times included, where nothing changed.

    ``left`` is what other clusters still hold of it.
    """
    found = conflicts(mcs, views)
    rows = [_row(mcs, view, _finding(mcs.metadata.key, view, found), now) for view in views]
    return _status(mcs, rows, _ready(mcs, rows, left or {}), _conflict(views, found), now)


def _finding(key: Key, view: ClusterView, found: Sequence[Conflict]) -> Finding | None:
    """What has to be mended first; else in what it routes otherwise than its Service says."""
    if first := next(filter(None, (check(key, view) for check in CHECKS)), None):
        return first
    messages = [conflict.message for conflict in found if view.name in conflict.clusters]
    return ("Conflict", "; ".join(messages)) if messages else None


def ending(
    mcs: MultiClusterService, views: Sequence[ClusterView], left: Mapping[str, str], now: str
) -> MultiClusterServiceStatus:
    """The new status of what is being deleted; ``left`` is what its end waits for, by cluster, also by others."""
    rows = [_row(mcs, view, _ending_in(mcs.metadata.key, view, left.get(view.name, "")), now) for view in views]
    message = "; ".join(f"{cluster}: {remainder}" for cluster, remainder in left.items())
    others = ", ".join(mcs.metadata.finalizers)
    message = message or f"nothing of it is left in any cluster; it is held by finalizer {others}, which is not ours"
    conflict = _conflict(views, conflicts(mcs, views))
    return _status(mcs, rows, ("Ready", "False", ENDING, message), conflict, now)


def _ending_in(key: Key, view: ClusterView, left: str) -> Finding | None:
    if left:
        return ("Forbidden" if view.refused else "Pending"), left
    return not_joined(key, view) or contact_lost(key, view)


def _status(
    mcs: MultiClusterService,
    rows: Sequence[ClusterStatus],
    ready: Said,
    conflict: Said,
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
            for kind, truth, reason, message in (ready, conflict)
        ),
        providers=",".join(mcs.spec.providers),
        consumers=",".join(mcs.spec.consumers),
        endpoints=sum(row.own_ready for row in rows if "Provider" in row.roles),
        clusters=tuple(rows),
    )


def _row(mcs: MultiClusterService, view: ClusterView, finding: Finding | None, now: str) -> ClusterStatus:
    """The new row; the old one, where it says the same."""
    state, message = finding or ("Synced", "")
    if view.successor:
        message = "; ".join(filter(None, (message, f"new address or CA not usable yet: {view.successor}")))
    roles: tuple[tuple[Role, tuple[str, ...]], ...] = (
        ("Provider", mcs.spec.providers),
        ("Consumer", mcs.spec.consumers),
    )
    row = ClusterStatus(
        name=view.name,
        roles=tuple(role for role, names in roles if view.name in names),
        state=state,
        own_ready=view.own_ready,
        imported_ready=view.imported_ready,
        offered=view.offered,
        last_sync_time=now,
        message=shown(message, LONGEST_OF_A_CLUSTER),
    )
    return _keep_time(row, mcs.status.clusters if mcs.status else ())


def _ready(mcs: MultiClusterService, rows: Sequence[ClusterStatus], left: Mapping[str, str]) -> Said:
    if refused := refusal(mcs.metadata.key):
        return "Ready", "False", *refused
    bad = [row for row in rows if row.state not in ("Synced", "Conflict")]
    if not bad and left:
        message = "; ".join(f"{name}, which the spec does not name, still imports: {why}" for name, why in left.items())
        return "Ready", "False", NOT_REMOVED, message
    if not bad:
        return _served(mcs, rows)
    stale = all(row.state == "Stale" for row in bad)
    message = "; ".join(f"{row.name}: {row.message}" for row in bad)
    return "Ready", "Unknown" if stale else "False", next(r.state for r in bad if stale or r.state != "Stale"), message


def _served(mcs: MultiClusterService, rows: Sequence[ClusterStatus]) -> Said:
    """What a Service is that is everywhere as it should be: of use only where each consumer finds an endpoint."""
    providers = [row for row in rows if "Provider" in row.roles]
    without = [row.name for row in rows if "Consumer" in row.roles and not row.own_ready + row.imported_ready]
    if not any(row.own_ready for row in providers):
        return "Ready", "False", NO_ENDPOINTS, _look(mcs.metadata.key, [row.name for row in providers])
    if without:
        text = (
            f"providers have ready endpoints, {named(without)} has none yet; condition Conflict says what is withheld"
        )
        return "Ready", "False", NO_ENDPOINTS, text
    return "Ready", "True", "Synced", "every cluster has what it should"


def _look(key: Key, providers: Sequence[str]) -> str:
    """Where somebody sees why there is no endpoint."""
    command = f"kubectl --context {next(iter(providers), '')} -n {key.namespace} get endpointslices"
    return (
        f"no provider has a ready endpoint, of {named(providers)}; are its pods ready? "
        f"see: {command} -l {SERVICE_NAME}={key.name}"
    )


def conflicts(mcs: MultiClusterService, views: Sequence[ClusterView]) -> list[Conflict]:
    """All of them: first what is wrong in one cluster, then where the clusters differ; last known where out of view."""
    found = [conflict for view in views for conflict in _conflicts_in(mcs, view)]
    return found + differences({view.name: view.service for view in views if view.service and _takes_part(view)})


def _conflicts_in(mcs: MultiClusterService, view: ClusterView) -> list[Conflict]:
    imports = view.name in mcs.spec.consumers and any(name != view.name for name in mcs.spec.providers)
    return conflicts_in(view.name, view.service, imports=imports, strangers=view.strangers, withheld=view.withheld)


def _takes_part(view: ClusterView) -> bool:
    return view.joined and view.allowed


def _conflict(views: Sequence[ClusterView], found: Sequence[Conflict]) -> Said:
    """The condition; that there is none is said only where all were compared."""
    left = [view.name for view in views if not (_takes_part(view) and view.live and view.current and view.service)]
    unknown = [f"not compared: {named(left)}, whose Service is not in view"] if left else []
    if found:
        reasons = ",".join(dict.fromkeys(conflict.reason for conflict in found))
        messages = dict.fromkeys([*(conflict.message for conflict in found), *unknown])
        return "Conflict", "True", reasons, "; ".join(messages)
    if left:
        return "Conflict", "Unknown", NOT_COMPARED, unknown[0]
    return "Conflict", "False", NO_CONFLICTS, "the clusters' Services agree"


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


def _keep_transition(condition: Condition, old: Sequence[Condition]) -> Condition:
    before = next((other for other in old if other.type == condition.type), None)
    if before and before.last_transition_time and before.status == condition.status:
        return replace(condition, last_transition_time=before.last_transition_time)
    return condition
