"""The service networks of a member: proposed from what it says, and disjoint from others' pod networks."""

from __future__ import annotations

import msgspec
import pytest

from landbridge.enroll.service_networks import OVERLAPPING_SERVICES, check_reachable, proposed
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.config import ServerConfig
from landbridge.kube.errors import api_error
from tests.unit.memory_api import MemoryApi

CIDR_PATH = "/apis/networking.k8s.io/v1/servicecidrs"
REFUSAL = (
    'Service "x" is invalid: spec.clusterIPs: Invalid value: []string{"192.0.2.1"}: failed to allocate IP 192.0.2.1: '
    "the provided IP (192.0.2.1) is not in the valid range. The range of valid IPs is "
)


def older(*answers: str, status: int = 404) -> MemoryApi:
    """A server without ServiceCIDRs that refuses Services with these words, one after the other."""
    api, left = MemoryApi(), list(answers)

    def before(method: str, path: str) -> None:
        if path == CIDR_PATH:
            raise api_error(status, b"")
        if method == "POST":
            raise api_error(422, msgspec.json.encode({"message": left.pop(0)}))

    api.before = before
    return api


async def test_service_cidr_objects_say_it() -> None:
    api = MemoryApi()
    api.put(f"{CIDR_PATH}/kubernetes", {"spec": {"cidrs": ["10.96.0.0/16", "FD00:0:0::/112"]}})
    api.put(f"{CIDR_PATH}/more", {"spec": {"cidrs": ["10.97.0.0/16", "nonsense"]}})
    assert await proposed(api) == ("10.96.0.0/16", "10.97.0.0/16", "fd00::/112")
    assert not api.writes


@pytest.mark.parametrize("status", [403, 404])
async def test_a_server_without_them_says_it_when_it_refuses_a_service(status: int) -> None:
    refusals = (REFUSAL + "10.96.0.0/12", REFUSAL + "fd00:1::/112")
    assert await proposed(older(*refusals, status=status)) == ("10.96.0.0/12", "fd00:1::/112")


@pytest.mark.parametrize("words", ["no rights", "The range of valid IPs is 999.0.0.0/99", "valid IPs is 10.0.0.0"])
async def test_what_says_no_network_proposes_none(words: str) -> None:
    assert await proposed(older(words, words)) == ()


async def test_a_server_that_would_make_the_service_proposes_none_and_makes_none() -> None:
    api = MemoryApi()
    refuse = older("", "").before
    api.before = lambda method, path: refuse(method, path) if path == CIDR_PATH else None
    assert await proposed(api) == ()
    assert not api.objects


def member(name: str, pods: str, services: str) -> Cluster:
    return Cluster(name, ServerConfig(f"https://{name}:6443"), "", pod_cidrs=(pods,), service_cidrs=(services,))


def test_two_clusters_may_have_the_same_service_network() -> None:
    check_reachable(member("a", "10.1.0.0/16", "10.96.0.0/12"), [member("b", "10.2.0.0/16", "10.96.0.0/12")])


@pytest.mark.parametrize(
    ("pods", "services", "words"),
    [
        (
            "10.97.0.0/16",
            "10.128.0.0/12",
            "pod CIDR 10.97.0.0/16 of cluster a .* service CIDR 10.96.0.0/12 of cluster b",
        ),
        ("10.1.0.0/16", "10.2.0.0/20", "pod CIDR 10.2.0.0/16 of cluster b .* service CIDR 10.2.0.0/20 of cluster a"),
    ],
)
def test_pods_in_anothers_service_network_are_refused(pods: str, services: str, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as refusal:
        check_reachable(member("a", pods, services), [member("b", "10.2.0.0/16", "10.96.0.0/12")])
    assert refusal.value.reason == OVERLAPPING_SERVICES
