"""What should happen to the imports of one Service in one cluster.

| MultiClusterService        | the cluster in it | its Service | intent | why                                       |
|----------------------------|-------------------|-------------|--------|-------------------------------------------|
| -                          | has no Secret     | -           | KEEP   | a hub that was emptied is no order (S7)   |
| none, deleted while away   | -                 | -           | REMOVE | a debt is paid (S11)                      |
| none                       | leaving the fleet | -           | REMOVE | a person said so (S11)                    |
| none                       | -                 | -           | KEEP   | nobody said that it may go (S7)           |
| refused                    | -                 | -           | REMOVE | S14                                       |
| without our finalizer      | -                 | -           | KEEP   | a write before it could be left behind    |
| being deleted              | -                 | -           | REMOVE | S11                                       |
| present                    | leaving, unlisted | -           | REMOVE | S11                                       |
| present                    | namespace barred  | -           | REMOVE | S14                                       |
| present                    | consumer          | none        | REMOVE | the Service is the cluster's consent (S6) |
| present                    | consumer          | present     | SYNC   | S1                                        |
"""

from __future__ import annotations

from enum import Enum

from landbridge.api.core import Service
from landbridge.api.meta import Key
from landbridge.api.multicluster import MultiClusterService
from landbridge.api.names import FINALIZER, SYSTEM_NAMESPACE

RESERVED_NAMESPACE = "ReservedNamespace"
RESERVED_SERVICE = "ReservedService"

RESERVED_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease", SYSTEM_NAMESPACE})


class Intent(Enum):
    """What is wanted; the values go into logs and metrics."""

    SYNC = "Sync"
    REMOVE = "Remove"
    KEEP = "Keep"


def refusal(key: Key) -> tuple[str, str] | None:
    """Reason and message, where a Service may not be joined at all (rule S14)."""
    if key.namespace in RESERVED_NAMESPACES:
        return RESERVED_NAMESPACE, f"Services in {key.namespace} are never joined; use another namespace"
    if key == Key("default", "kubernetes"):
        return RESERVED_SERVICE, "default/kubernetes is each cluster's own API server and is never joined"
    return None


def intent(
    mcs: MultiClusterService | None,
    key: Key,
    cluster: str,
    *,
    known: bool,
    owed: bool,
    allowed: bool,
    leaving: bool,
    service: Service | None,
) -> Intent:
    """The row of the table above that holds."""
    if not known:
        return Intent.KEEP
    if mcs is None:
        return Intent.REMOVE if owed or leaving else Intent.KEEP
    if FINALIZER not in mcs.metadata.finalizers and refusal(key) is None:
        return Intent.KEEP
    wanted = (
        mcs.metadata.deletion_timestamp is None
        and refusal(key) is None
        and cluster in mcs.spec.consumers
        and allowed
        and not leaving
        and service is not None
    )
    return Intent.SYNC if wanted else Intent.REMOVE
