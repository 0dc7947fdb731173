"""In what the Services of several clusters differ that changes how they route; pure (rule S10).

Reasons are those of KEP-1645 where it has one. Nobody is right: each cluster routes as its own Service says, and what
can be routed still is. Not compared is what is each cluster's own (addresses, node ports), what shows elsewhere
(targetPort in the slices, ipFamilyPolicy in ipFamilies), and of a headless Service what is kube-proxy's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from landbridge.api.core import Service, ServicePort
from landbridge.mcs.conflicts import (
    EXTERNAL_TRAFFIC_POLICY,
    INTERNAL_TRAFFIC_POLICY,
    IP_FAMILY,
    NOT_READY_ADDRESSES,
    PORT,
    SESSION_AFFINITY,
    SESSION_AFFINITY_CONFIG,
    TRAFFIC_DISTRIBUTION,
    TYPE,
    Conflict,
    named,
)

AFFINITY_SECONDS = 10800
"""What the API server fills in."""

Values = frozenset[str]


class Aspect(NamedTuple):
    """Something in which Services may differ."""

    reason: str
    what: str
    values: Callable[[Service], Values]
    """Nothing where it does not apply, or is not known."""


def _type(service: Service) -> Values:
    return frozenset({"headless" if service.headless else service.spec.type or "ClusterIP"})


def _ports(service: Service) -> Values:
    return frozenset(map(_port, service.spec.ports or ())) or frozenset({"none"})


def _port(port: ServicePort) -> str:
    text = f"{port.name or ''} {port.port}/{port.protocol or 'TCP'}".strip()
    return f"{text} ({port.app_protocol})" if port.app_protocol else text


def _families(service: Service) -> Values:
    return frozenset(service.families)


def _affinity(service: Service) -> Values:
    return frozenset({service.spec.session_affinity or "None"})


def _affinity_seconds(service: Service) -> Values:
    if service.spec.session_affinity != "ClientIP":
        return frozenset()
    config = service.spec.session_affinity_config
    seconds = config.client_ip.timeout_seconds if config and config.client_ip else None
    return frozenset({f"{AFFINITY_SECONDS if seconds is None else seconds} s"})


def _internal_traffic_policy(service: Service) -> Values:
    return frozenset({service.spec.internal_traffic_policy or "Cluster"})


def _external_traffic_policy(service: Service) -> Values:
    return frozenset(filter(None, {service.spec.external_traffic_policy}))


def _traffic_distribution(service: Service) -> Values:
    return frozenset({service.spec.traffic_distribution or "none"})


def _not_ready_addresses(service: Service) -> Values:
    return frozenset({"true" if service.spec.publish_not_ready_addresses else "false"})


_OF_ALL = (Aspect(TYPE, "type", _type),)
_OF_THOSE_WITH_ENDPOINTS = (
    Aspect(PORT, "ports", _ports),
    Aspect(IP_FAMILY, "ipFamilies", _families),
    Aspect(NOT_READY_ADDRESSES, "publishNotReadyAddresses", _not_ready_addresses),
)
_OF_THOSE_WITH_ADDRESS = (  # kube-proxy does not look at headless ones
    Aspect(SESSION_AFFINITY, "sessionAffinity", _affinity),
    Aspect(SESSION_AFFINITY_CONFIG, "session affinity's timeoutSeconds", _affinity_seconds),
    Aspect(INTERNAL_TRAFFIC_POLICY, "internalTrafficPolicy", _internal_traffic_policy),
    Aspect(EXTERNAL_TRAFFIC_POLICY, "externalTrafficPolicy", _external_traffic_policy),
    Aspect(TRAFFIC_DISTRIBUTION, "trafficDistribution", _traffic_distribution),
)


def differences(services: Mapping[str, Service]) -> list[Conflict]:
    """In what the Services of these clusters differ, whoever comes first."""
    routed = {cluster: service for cluster, service in services.items() if not service.external_name}
    proxied = {cluster: service for cluster, service in routed.items() if not service.headless}
    compared = ((services, _OF_ALL), (routed, _OF_THOSE_WITH_ENDPOINTS), (proxied, _OF_THOSE_WITH_ADDRESS))
    found = (_difference(aspect, those) for those, aspects in compared for aspect in aspects)
    return [conflict for conflict in found if conflict]


def _difference(aspect: Aspect, services: Mapping[str, Service]) -> Conflict | None:
    groups: dict[Values, list[str]] = {}
    for cluster, service in sorted(services.items()):
        if values := aspect.values(service):
            groups.setdefault(values, []).append(cluster)
    if len(groups) < 2:
        return None
    common = frozenset.intersection(*groups)
    told = sorted(f"{named(sorted(values - common)) or 'no other'} in {named(them)}" for values, them in groups.items())
    message = f"not the same {aspect.what}: {'; '.join(told)}; each cluster routes as its own Service says"
    return Conflict(aspect.reason, message, tuple(cluster for them in groups.values() for cluster in them))
