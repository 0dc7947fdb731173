"""S10: in what the clusters' Services differ, and in what they do not."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from landbridge.api.core import ClientIP, Service, ServicePort, SessionAffinityConfig
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
)
from landbridge.mcs.differences import differences
from tests.unit.objects import service

examples = settings(deadline=None, max_examples=100, derandomize=True, database=None)

HTTP = ServicePort("http", "TCP", 80)
DNS = ServicePort("dns", "UDP", 53)


def sticky(seconds: int | None = None) -> dict[str, Any]:
    return {"session_affinity": "ClientIP", "session_affinity_config": SessionAffinityConfig(ClientIP(seconds))}


DIFFERENT: dict[str, tuple[Service, Service, str, str]] = {
    "type": (service(type="LoadBalancer"), service(type="NodePort"), TYPE, "LoadBalancer in old; NodePort in new"),
    "headless": (service(), service(headless=True), TYPE, "ClusterIP in old; headless in new"),
    "alias": (service(type="ExternalName"), service(), TYPE, "ClusterIP in new; ExternalName in old"),
    "port number": (
        service(ports=(HTTP,)),
        service(ports=(replace(HTTP, port=81),)),
        PORT,
        "http 80/TCP in old; http 81/TCP in new",
    ),
    "port name": (
        service(ports=(HTTP,)),
        service(ports=(replace(HTTP, name=None),)),
        PORT,
        "80/TCP in new; http 80/TCP in old",
    ),
    "protocol": (
        service(ports=(HTTP,)),
        service(ports=(replace(HTTP, protocol="SCTP"),)),
        PORT,
        "http 80/SCTP in new; http 80/TCP in old",
    ),
    "application protocol": (
        service(ports=(replace(HTTP, app_protocol="grpc"),)),
        service(ports=(HTTP,)),
        PORT,
        "http 80/TCP (grpc) in old; http 80/TCP in new",
    ),
    "one port more": (service(ports=(HTTP, DNS)), service(ports=(HTTP,)), PORT, "dns 53/UDP in old; no other in new"),
    "ports of a headless Service": (
        service(headless=True, ports=(HTTP,)),
        service(headless=True),
        PORT,
        "http 80/TCP in old; none in new",
    ),
    "affinity": (service(**sticky()), service(), SESSION_AFFINITY, "ClientIP in old; None in new"),
    "affinity's time": (
        service(**sticky(60)),
        service(**sticky()),
        SESSION_AFFINITY_CONFIG,
        "10800 s in new; 60 s in old",
    ),
    "families": (
        service(ip_families=("IPv4", "IPv6")),
        service(ip_families=("IPv4",)),
        IP_FAMILY,
        "IPv6 in old; no other in new",
    ),
    "internal traffic policy": (
        service(internal_traffic_policy="Local"),
        service(),
        INTERNAL_TRAFFIC_POLICY,
        "Cluster in new; Local in old",
    ),
    "external traffic policy": (
        service(external_traffic_policy="Local"),
        service(external_traffic_policy="Cluster"),
        EXTERNAL_TRAFFIC_POLICY,
        "Cluster in new; Local in old",
    ),
    "traffic distribution": (
        service(traffic_distribution="PreferClose"),
        service(),
        TRAFFIC_DISTRIBUTION,
        "PreferClose in old; none in new",
    ),
    "addresses that are not ready": (
        service(publish_not_ready_addresses=True),
        service(),
        NOT_READY_ADDRESSES,
        "false in new; true in old",
    ),
}


@pytest.mark.parametrize(("old", "new", "reason", "text"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_whatever_changes_how_a_service_routes_is_a_conflict_s10(
    old: Service, new: Service, reason: str, text: str
) -> None:
    (found,) = differences({"old": old, "new": new})
    assert (found.reason, sorted(found.clusters)) == (reason, ["new", "old"])
    assert f": {text}; " in found.message


ALIKE: dict[str, tuple[Service, Service]] = {
    "defaults that an API server fills in": (
        service(),
        service(
            type="ClusterIP",
            session_affinity="None",
            internal_traffic_policy="Cluster",
            publish_not_ready_addresses=False,
        ),
    ),
    "default time of affinity": (service(**sticky()), service(**sticky(10800))),
    "time of affinity that nobody asked for": (
        service(),
        service(session_affinity="None", session_affinity_config=SessionAffinityConfig(ClientIP(5))),
    ),
    "default protocol": (service(ports=(HTTP,)), service(ports=(replace(HTTP, protocol=None),))),
    "policy for traffic from outside, where there is none": (service(external_traffic_policy="Local"), service()),
    "order of ports": (service(ports=(HTTP, DNS)), service(ports=(DNS, HTTP))),
    "order of families": (service(ip_families=("IPv4", "IPv6")), service(ip_families=("IPv6", "IPv4"))),
    "families that an old cluster does not tell": (service(ip_families=("IPv4",)), service()),
    "what is kube-proxy's, of headless Services": (
        service(headless=True, internal_traffic_policy="Local", **sticky()),
        service(headless=True),
    ),
}


@pytest.mark.parametrize(("old", "new"), ALIKE.values(), ids=ALIKE.keys())
def test_what_routes_alike_is_no_conflict_s10(old: Service, new: Service) -> None:
    assert differences({"old": old, "new": new}) == []


def test_those_who_agree_are_named_together_s10() -> None:
    tcp, udp = service(ports=(HTTP,)), service(ports=(DNS,))
    (found,) = differences({"c": udp, "b": tcp, "a": tcp})
    assert "dns 53/UDP in c; http 80/TCP in a, b;" in found.message


def test_a_message_stays_short_however_many_clusters_and_ports_there_are_s10() -> None:
    many = service(ports=tuple(ServicePort(f"p{number}", "TCP", number) for number in range(500)))
    (found,) = differences({f"c{n}": many for n in range(50)} | {f"d{n}": service() for n in range(50)})
    assert "and 495 more in c0" in found.message
    assert len(found.message) < 300


ports = st.builds(
    ServicePort,
    st.sampled_from([None, "", "http"]),
    st.sampled_from([None, "TCP", "UDP"]),
    st.sampled_from([None, 80]),
    st.none(),
)
services = st.builds(
    service,
    headless=st.booleans(),
    type=st.sampled_from([None, "ClusterIP", "NodePort", "ExternalName"]),
    ports=st.none() | st.lists(ports, max_size=2).map(tuple),
    ip_families=st.sampled_from([None, (), ("IPv4",), ("IPv6", "IPv4")]),
    session_affinity=st.sampled_from([None, "None", "ClientIP"]),
    session_affinity_config=st.sampled_from([None, SessionAffinityConfig(), SessionAffinityConfig(ClientIP(60))]),
    internal_traffic_policy=st.sampled_from([None, "Cluster", "Local"]),
    external_traffic_policy=st.sampled_from([None, "Cluster", "Local"]),
    traffic_distribution=st.sampled_from([None, "PreferClose"]),
    publish_not_ready_addresses=st.sampled_from([None, True, False]),
)


@examples
@given(st.lists(services, min_size=2, max_size=4))
def test_it_does_not_matter_who_comes_first_s10(found: list[Service]) -> None:
    named = list(zip("abcd", found, strict=False))
    told = [
        [(conflict.reason, conflict.message, set(conflict.clusters)) for conflict in differences(dict(order))]
        for order in permutations(named)
    ]
    assert all(one == told[0] for one in told)


@examples
@given(services, st.integers(1, 4))
def test_equal_services_never_conflict_s10(found: Service, count: int) -> None:
    assert differences(dict.fromkeys("abcd"[:count], found)) == []
