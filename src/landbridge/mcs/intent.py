"""What should happen to the imports of one Service in one cluster.

| MultiClusterService      | the cluster in it | its Service | intent | reason, and why                              |
|--------------------------|-------------------|-------------|--------|----------------------------------------------|
| -                        | has no Secret     | -           | KEEP   | NotKnown: an emptied hub is no order (S7)    |
| none, deleted while away | -                 | -           | REMOVE | Debt: it is paid (S11)                       |
| none, ended by us        | -                 | -           | REMOVE | Ended: an old leader wrote it again (S12)    |
| none                     | leaving the fleet | -           | REMOVE | Leaving: a person said so (S11)              |
| none, and to be swept    | -                 | -           | REMOVE | Swept: little, and looked at twice (S7)      |
| none                     | -                 | -           | KEEP   | Unexplained: nobody said it may go (S7)      |
| refused                  | -                 | -           | REMOVE | that of `refusal` (S14)                      |
| without our finalizer    | -                 | -           | KEEP   | NoFinalizer: a write could be left behind    |
| being deleted            | -                 | -           | REMOVE | Ended (S11)                                  |
| present                  | leaving the fleet | -           | REMOVE | Leaving (S11)                                |
| present                  | not a consumer    | -           | REMOVE | NotConsumer (S11)                            |
| present                  | namespace barred  | -           | REMOVE | NamespaceBarred (S14)                        |
| present                  | consumer          | not in view | KEEP   | ServiceNotInView: it may be there (S7)       |
| present                  | consumer          | none        | REMOVE | NoService: it is the cluster's consent (S6)  |
| present                  | consumer          | an alias    | REMOVE | ExternalName: nothing reads them (S10)       |
| present                  | consumer          | present     | SYNC   | Consumer (S1)                                |

KEEP is of what nobody said that it may go: imports from a cluster that a person sent away go all the same (see `plan`).
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from landbridge.api.core import Service
from landbridge.api.meta import Key
from landbridge.api.multicluster import MultiClusterService
from landbridge.api.names import FINALIZER, RESERVED_NAMESPACES

RESERVED_NAMESPACE = "ReservedNamespace"
RESERVED_SERVICE = "ReservedService"

NOT_KNOWN = "NotKnown"
DEBT = "Debt"
LEAVING = "Leaving"
SWEPT = "Swept"
UNEXPLAINED = "Unexplained"
NO_FINALIZER = "NoFinalizer"
ENDED = "Ended"
NOT_CONSUMER = "NotConsumer"
NAMESPACE_BARRED = "NamespaceBarred"
NO_SERVICE = "NoService"
EXTERNAL_NAME = "ExternalName"
SERVICE_NOT_IN_VIEW = "ServiceNotInView"
CONSUMER = "Consumer"


class Intent(Enum):
    """What is wanted; the values go into logs and metrics."""

    SYNC = "Sync"
    REMOVE = "Remove"
    KEEP = "Keep"


class Decision(NamedTuple):
    """What is wanted, and the reason of the row."""

    intent: Intent
    reason: str


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
    ended: bool,
    allowed: bool,
    leaving: bool,
    swept: bool,
    service: Service | None,
    services_live: bool,
) -> Decision:
    """The row of the table above that holds."""
    if not known:
        return Decision(Intent.KEEP, NOT_KNOWN)
    if mcs is None:
        return _without(owed=owed, ended=ended, leaving=leaving, swept=swept)
    if refused := refusal(key):
        return Decision(Intent.REMOVE, refused[0])
    if FINALIZER not in mcs.metadata.finalizers:
        return Decision(Intent.KEEP, NO_FINALIZER)
    barriers = {
        ENDED: mcs.metadata.deletion_timestamp is not None,
        LEAVING: leaving,
        NOT_CONSUMER: cluster not in mcs.spec.consumers,
        NAMESPACE_BARRED: not allowed,
        NO_SERVICE: service is None,
        EXTERNAL_NAME: service is not None and service.external_name,
    }
    barrier = next((reason for reason, holds in barriers.items() if holds), "")
    if barrier in (NO_SERVICE, EXTERNAL_NAME) and not services_live:
        return Decision(Intent.KEEP, SERVICE_NOT_IN_VIEW)
    return Decision(Intent.REMOVE, barrier) if barrier else Decision(Intent.SYNC, CONSUMER)


def _without(*, owed: bool, ended: bool, leaving: bool, swept: bool) -> Decision:
    """There is no MultiClusterService of that name."""
    orders = {DEBT: owed, ENDED: ended, LEAVING: leaving, SWEPT: swept}
    order = next((reason for reason, holds in orders.items() if holds), "")
    return Decision(Intent.REMOVE, order) if order else Decision(Intent.KEEP, UNEXPLAINED)
