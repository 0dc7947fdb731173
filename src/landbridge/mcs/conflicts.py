"""What keeps a cluster from routing as its Service says. Reported, never mended (rules S4, S10)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from landbridge.api.core import Service

TYPE = "TypeConflict"
PORT = "PortConflict"
SESSION_AFFINITY = "SessionAffinityConflict"
SESSION_AFFINITY_CONFIG = "SessionAffinityConfigConflict"
IP_FAMILY = "IPFamilyConflict"
INTERNAL_TRAFFIC_POLICY = "InternalTrafficPolicyConflict"
TRAFFIC_DISTRIBUTION = "TrafficDistributionConflict"
"""These are reasons of KEP-1645; it has none for those below."""
EXTERNAL_TRAFFIC_POLICY = "ExternalTrafficPolicyConflict"
NOT_READY_ADDRESSES = "PublishNotReadyAddressesConflict"
HOSTNAME = "HostnameConflict"
ADDRESS_FILTERED = "AddressFiltered"
FOREIGN_IMPORTS = "ForeignImports"
NETWORK_ENDPOINT_GROUP = "NetworkEndpointGroupConflict"
NO_CONFLICTS = "NoConflicts"
NOT_COMPARED = "NotCompared"

NEG = "cloud.google.com/neg"
"""Annotation of a Service whose pods a load balancer of GKE reaches past kube-proxy."""

SHOWN = 5
"""Names, or values, that a message lists."""


class Conflict(NamedTuple):
    """One thing that the clusters do not agree on, or that one of them cannot do."""

    reason: str
    message: str
    clusters: tuple[str, ...]
    """Whose rows say it."""


def named(names: Collection[str]) -> str:
    """Some of them, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(list(names)[:SHOWN]) + more


def conflicts_in(
    cluster: str,
    service: Service | None,
    *,
    imports: bool,
    strangers: Collection[str] = (),
    withheld: Collection[tuple[str, str]] = (),
) -> list[Conflict]:
    """What a cluster cannot do as its Service says; ``imports`` is whether others' endpoints are to go there."""
    unused = _unused(cluster, service) if service and imports and not service.external_name else ()
    found = (*(_foreign(cluster, stranger) for stranger in [*strangers][:1]), *withheld, *unused)
    return [Conflict(reason, message, (cluster,)) for reason, message in found]


def _foreign(cluster: str, fleet: str) -> tuple[str, str]:
    return FOREIGN_IMPORTS, (
        f"{cluster}: another fleet, {fleet}, imports endpoints of this Service too; if it is no more, they "
        f"may be dead, run: landbridge fleet sweep {cluster} --fleet {fleet} --context <its context>"
    )


def _unused(cluster: str, service: Service) -> Iterator[tuple[str, str]]:
    """What makes less of imports than of the cluster's own endpoints."""
    spec = service.spec
    if spec.traffic_distribution and not service.headless:
        text = (
            f"trafficDistribution {spec.traffic_distribution} has no effect while endpoints are imported, "
            "because imports carry no zones; remove it, or expect traffic to be spread over all endpoints"
        )
        yield TRAFFIC_DISTRIBUTION, f"{cluster}: {text}"
    if spec.internal_traffic_policy == "Local" and not service.headless:
        text = "internalTrafficPolicy Local uses pods on the caller's own node alone, and no imports; make it Cluster"
        yield INTERNAL_TRAFFIC_POLICY, f"{cluster}: {text}"
    if spec.external_traffic_policy == "Local":
        text = (
            "externalTrafficPolicy Local sends what comes from outside to pods on the node where it arrives, and "
            "imports are on none; make it Cluster, or keep pods here for as long as it comes this way"
        )
        yield EXTERNAL_TRAFFIC_POLICY, f"{cluster}: {text}"
    if NEG in service.metadata.annotations:
        text = (
            f"annotation {NEG} lets load balancers of GKE reach pods past kube-proxy; one that does (see {NEG}-status) "
            "fails over imports, which are no pods of this cluster; give it a Service of its own"
        )
        yield NETWORK_ENDPOINT_GROUP, f"{cluster}: {text}"
