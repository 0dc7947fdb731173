from __future__ import annotations

import pytest

from landbridge.enroll import networks
from landbridge.fleet.refusal import RefusedError
from tests.unit.memory_api import MemoryApi


def test_networks_of_both_families_are_taken() -> None:
    assert networks.parse(["10.1.0.0/16", "FD00:0:0::/48"]) == ("10.1.0.0/16", "fd00::/48")


@pytest.mark.parametrize("text", ["", "10.1.0.1/16", "10.1.0.0/33", "pods"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="is not a network") as refusal:
        networks.parse([text])
    assert refusal.value.reason == networks.INVALID_CIDR


def test_networks_that_overlap_each_other_are_refused() -> None:
    with pytest.raises(RefusedError) as refusal:
        networks.parse(["10.0.0.0/8", "10.1.0.0/16"])
    assert refusal.value.reason == networks.OVERLAPPING_CIDRS


def test_networks_that_overlap_another_members_are_refused_by_its_name() -> None:
    with pytest.raises(RefusedError, match="of cluster newcluster"):
        networks.check_disjoint(["10.1.0.0/16"], {"oldcluster": ["10.2.0.0/16"], "newcluster": ["10.1.4.0/22"]})


def test_families_do_not_overlap() -> None:
    networks.check_disjoint(["::/0"], {"oldcluster": ["0.0.0.0/0"]})


async def test_what_nodes_say_is_proposed_joined_where_it_touches() -> None:
    api = MemoryApi()
    for number, cidrs in enumerate([["10.1.0.0/24", "fd00::/64"], ["10.1.1.0/24"], []]):
        api.put(f"/api/v1/nodes/n{number}", {"spec": {"podCIDRs": cidrs}})
    assert await networks.proposed(api) == ("10.1.0.0/23", "fd00::/64")


async def test_nodes_that_say_nothing_are_refused_with_what_to_do() -> None:
    api = MemoryApi()
    api.put("/api/v1/nodes/n", {"spec": {}})
    with pytest.raises(RefusedError, match="--pod-cidr") as refusal:
        await networks.proposed(api)
    assert refusal.value.reason == networks.NO_CIDRS


@pytest.mark.parametrize(
    ("cidr", "allowed"), [("10.1.0.0/16", True), ("10.0.0.0/7", False), ("fd01::/48", True), ("fd02::/48", False)]
)
def test_a_network_is_outside_unless_one_of_its_family_holds_it(cidr: str, allowed: bool) -> None:
    assert networks.outside([cidr], ["10.0.0.0/8", "fd01::/32"]) == ([] if allowed else [cidr])
