"""Networks of members: declared when a cluster joins, and disjoint, since pods reach each other by address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from itertools import combinations

from landbridge.api.core import NODES
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api

Network = IPv4Network | IPv6Network

INVALID_CIDR = "InvalidPodCIDR"
OVERLAPPING_CIDRS = "OverlappingPodCIDRs"
NO_CIDRS = "NoPodCIDRs"


def parse(texts: Iterable[str]) -> tuple[str, ...]:
    """Networks as a person wrote them, checked one by one and against each other.

    Raises:
        RefusedError: One is not a network, or two overlap.
    """
    networks = [_network(text) for text in texts]
    for one, other in combinations(networks, 2):
        if overlap(one, other):
            raise RefusedError(OVERLAPPING_CIDRS, f"{one} and {other} overlap: name each network once")
    return tuple(map(str, networks))


def check_disjoint(cidrs: Iterable[str], others: Mapping[str, Iterable[str]]) -> None:
    """Compare a cluster's networks with those of the other members, by cluster.

    Raises:
        RefusedError: Some address would belong to two clusters.
    """
    mine = [_network(text) for text in cidrs]
    for name, theirs in others.items():
        for one in mine:
            for other in map(_network, theirs):
                if overlap(one, other):
                    raise RefusedError(
                        OVERLAPPING_CIDRS,
                        f"pod CIDR {one} overlaps {other} of cluster {name}: an address must belong to one cluster; "
                        "if the declared one is too wide, give the right networks with --pod-cidr",
                    )


async def proposed(member: Api) -> tuple[str, ...]:
    """The networks that the member's nodes name, joined where they touch.

    Raises:
        RefusedError: They name none; many CNIs do not use ``node.spec.podCIDR``.
    """
    found = [_network(cidr) for node in (await member.list(NODES)).items for cidr in node.spec.pod_cidrs]
    if not found:
        raise RefusedError(
            NO_CIDRS, f"no node of {member.server} names a pod CIDR: give the cluster's pod networks with --pod-cidr"
        )
    four = collapse_addresses([network for network in found if isinstance(network, IPv4Network)])
    six = collapse_addresses([network for network in found if isinstance(network, IPv6Network)])
    return (*map(str, four), *map(str, six))


def outside(cidrs: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """Those of some networks that lie in none of the allowed ones."""
    wide = [_network(text) for text in allowed]
    return [text for text in cidrs if not any(_contains(network, _network(text)) for network in wide)]


def _contains(wide: Network, network: Network) -> bool:
    return wide.version == network.version and network.subnet_of(wide)  # type: ignore[arg-type]  # of one version


def overlap(one: Network, other: Network) -> bool:
    """Whether they have an address in common."""
    return one.version == other.version and one.overlaps(other)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise RefusedError(INVALID_CIDR, f"{text!r} is not a network: {error}") from error
