"""Ready and Conflict: what a MultiClusterService says of all its clusters together; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from landbridge.api.meta import Key
from landbridge.api.multicluster import ClusterStatus, MultiClusterService
from landbridge.api.names import SERVICE_NAME
from landbridge.mcs.cluster_view import ClusterView
from landbridge.mcs.conflicts import NO_CONFLICTS, NOT_COMPARED, Conflict, conflicts_in, named
from landbridge.mcs.differences import differences
from landbridge.mcs.intent import refusal

NO_ENDPOINTS = "NoEndpoints"
NOT_REMOVED = "NotRemoved"

Truth = Literal["True", "False", "Unknown"]
Said = tuple[str, Truth, str, str]
"""A condition: type, status, reason and message."""


def ready(mcs: MultiClusterService, rows: Sequence[ClusterStatus], left: Mapping[str, str]) -> Said:
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


def conflict(views: Sequence[ClusterView], found: Sequence[Conflict]) -> Said:
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
