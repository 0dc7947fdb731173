"""Service networks of a member: where it has ServiceCIDR objects, those say; else the API server's own refusal does.

Nobody imports addresses of them: an address of a Service is no pod's. Two clusters may have the same ones, as most do.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from ipaddress import ip_network

import msgspec

from landbridge.api.core import SERVICES
from landbridge.api.networking import SERVICE_CIDRS
from landbridge.enroll.networks import overlap
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.errors import ApiError, ForbiddenError, NotFoundError

OVERLAPPING_SERVICES = "OverlappingServiceCIDRs"

ASKED = {"IPv4": "192.0.2.1", "IPv6": "2001:db8::1"}
"""Addresses for documentation: nobody's Services have them."""

_TOLD = re.compile(r"range of valid IPs is (?P<network>[0-9A-Fa-f:.]{2,45}/\d{1,3})", re.ASCII)


async def proposed(member: Api) -> tuple[str, ...]:
    """The member's service networks, as far as a person's rights there tell; nothing where they do not."""
    try:
        found = [text for one in (await member.list(SERVICE_CIDRS)).items for text in one.spec.cidrs]
    except (NotFoundError, ForbiddenError):  # an older server, or narrow rights
        found = [network for family in ASKED if (network := await _told_by_refusal(member, family))]
    return tuple(sorted({str(ip_network(text)) for text in found if _is_network(text)}))


async def _told_by_refusal(member: Api, family: str) -> str:
    """What a server says when a Service, which it is asked not to make, wants an address of nobody's."""
    spec = {"clusterIP": ASKED[family], "ipFamilies": [family], "ports": [{"port": 443}]}
    meta = {"name": "landbridge-asks-for-the-service-network"}
    body = {"apiVersion": SERVICES.api_version, "kind": SERVICES.kind, "metadata": meta, "spec": spec}
    try:
        path = SERVICES.path("default")
        await member.request("POST", path, params={"dryRun": "All"}, body=msgspec.json.encode(body))
    except ApiError as error:
        told = _TOLD.search(str(error))
        return told["network"] if told else ""
    return ""


def check_reachable(cluster: Cluster, others: Iterable[Cluster]) -> None:
    """Compare a cluster's pod and service networks with those of the other members.

    Raises:
        RefusedError: Pods of one have addresses that are Services' in another, where nobody could reach them.
    """
    for other in others:
        for owner, importer in ((cluster, other), (other, cluster)):
            for pods in owner.pod_cidrs:
                for services in importer.service_cidrs:
                    if overlap(ip_network(pods), ip_network(services)):
                        raise RefusedError(
                            OVERLAPPING_SERVICES,
                            f"pod CIDR {pods} of cluster {owner.name} overlaps service CIDR {services} of cluster "
                            f"{importer.name}: nobody there could reach those pods; if what is declared is too wide, "
                            "give the right networks with --pod-cidr or --service-cidr",
                        )


def _is_network(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ip_network(text))
    return False
