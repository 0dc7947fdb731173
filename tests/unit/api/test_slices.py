"""What of an EndpointSlice goes from one cluster to another (S4)."""

from __future__ import annotations

import msgspec
import pytest

from landbridge.api.discovery import SLICES, Conditions, Endpoint, EndpointSlice, ready
from landbridge.api.meta import Key

FULL = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {
        "name": "web-x7k2p",
        "namespace": "shop",
        "uid": "c0ffee",
        "resourceVersion": "42",
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "generateName": "web-",
        "labels": {
            "kubernetes.io/service-name": "web",
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        },
        "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": "web", "uid": "beef"}],
        "managedFields": [{"manager": "kube-controller-manager"}],
    },
    "addressType": "IPv4",
    "endpoints": [
        {
            "addresses": ["10.1.0.7"],
            "conditions": {"ready": False, "serving": True, "terminating": True},
            "hostname": "web-0",
            "nodeName": "node-1",
            "zone": "zone-a",
            "hints": {"forZones": [{"name": "zone-a"}], "forNodes": [{"name": "node-1"}]},
            "targetRef": {"kind": "Pod", "name": "web-0", "namespace": "shop", "uid": "abcd"},
            "deprecatedTopology": {"topology.kubernetes.io/zone": "zone-a"},
        },
        {"addresses": ["10.1.0.8"], "conditions": {}},
    ],
    "ports": [
        {"name": "http", "protocol": "TCP", "port": 8080, "appProtocol": "kubernetes.io/h2c"},
        {"name": "", "protocol": "UDP", "port": None},
    ],
}


@pytest.fixture
def copied() -> dict[str, object]:
    """The slice after it was read and written."""
    return msgspec.json.decode(SLICES.encode(SLICES.decoder.decode(msgspec.json.encode(FULL))), type=dict[str, object])


@pytest.mark.parametrize("field", ["nodeName", "zone", "hints", "targetRef", "deprecatedTopology", "node-1", "zone-a"])
def test_what_would_steer_a_consumer_by_another_clusters_nodes_is_dropped_s4(
    copied: dict[str, object], field: str
) -> None:
    assert field in str(FULL)
    assert field not in str(copied)


def test_owners_of_another_cluster_are_dropped_s3(copied: dict[str, object]) -> None:
    assert "ownerReferences" not in str(copied)


def test_addresses_hostname_and_all_three_conditions_are_copied_s4(copied: dict[str, object]) -> None:
    assert copied["endpoints"] == [
        {
            "addresses": ["10.1.0.7"],
            "conditions": {"ready": False, "serving": True, "terminating": True},
            "hostname": "web-0",
        },
        {"addresses": ["10.1.0.8"], "conditions": {}},
    ]


def test_ports_are_copied_by_name_with_their_protocols_s4(copied: dict[str, object]) -> None:
    assert copied["ports"] == [
        {"name": "http", "protocol": "TCP", "port": 8080, "appProtocol": "kubernetes.io/h2c"},
        {"name": "", "protocol": "UDP"},
    ]
    assert copied["addressType"] == "IPv4"


def test_copy_of_a_copy_is_the_same(copied: dict[str, object]) -> None:
    once = msgspec.json.encode(copied)
    assert SLICES.encode(SLICES.decoder.decode(once)) == once


def test_says_which_service_it_belongs_to_and_who_keeps_it() -> None:
    one = SLICES.decoder.decode(msgspec.json.encode(FULL))
    assert (one.service, one.managed_by) == ("web", "endpointslice-controller.k8s.io")
    assert one.metadata.key == Key("shop", "web-x7k2p")
    assert (EndpointSlice().service, EndpointSlice().managed_by) == ("", "")


@pytest.mark.parametrize("body", [b"{}", b'{"endpoints":null,"ports":null}', b'{"endpoints":[],"ports":[]}'])
def test_slice_without_endpoints_is_read(body: bytes) -> None:
    assert SLICES.decoder.decode(body).ready == 0


@pytest.mark.parametrize(
    ("ready", "counts"), [(True, True), (False, False), (None, True)], ids=["ready", "not ready", "unknown"]
)
def test_endpoint_of_unknown_readiness_counts_as_ready(ready: bool | None, counts: bool) -> None:
    endpoint = Endpoint(("10.1.0.7",), Conditions(ready=ready))
    assert endpoint.ready is counts
    assert EndpointSlice(endpoints=(endpoint, endpoint)).ready == 2 * counts


def test_false_is_written_and_unknown_is_not() -> None:
    written = SLICES.encode(EndpointSlice(endpoints=(Endpoint(("10.1.0.7",), Conditions(ready=False)),)))
    assert msgspec.json.decode(written)["endpoints"][0]["conditions"] == {"ready": False}


def test_an_endpoint_with_addresses_of_two_families_counts_once_s13() -> None:
    four = EndpointSlice(address_type="IPv4", endpoints=(Endpoint(("10.1.0.7",)), Endpoint(("10.1.0.8",))))
    six = EndpointSlice(address_type="IPv6", endpoints=(Endpoint(("fd00::7",)), Endpoint(("fd00::8",))))
    assert ready([]) == 0
    assert ready([four, six]) == 2
    assert ready([four, four, six]) == 4, "slices of one family add up"
