"""Where kinds live, and what their bodies look like."""

from __future__ import annotations

import msgspec
import pytest

from landbridge.api.coordination import LEASES, Lease, LeaseSpec
from landbridge.api.core import (
    CONFIG_MAPS,
    NAMESPACES,
    NODES,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    ClientIP,
    ConfigMap,
    Secret,
    Service,
    ServicePort,
    ServiceSpec,
    SessionAffinityConfig,
)
from landbridge.api.discovery import SLICES
from landbridge.api.kind import Kind
from landbridge.api.meta import Key, Object, ObjectMeta, OwnedMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.kube.lenient import readable
from landbridge.kube.unreadable import Unreadable

KINDS = [SERVICES, NAMESPACES, NODES, SECRETS, CONFIG_MAPS, SERVICE_ACCOUNTS, SLICES, LEASES, MULTI_CLUSTER_SERVICES]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (SERVICES.path(), "/api/v1/services"),
        (SERVICES.path("shop"), "/api/v1/namespaces/shop/services"),
        (SERVICES.path("shop", "web"), "/api/v1/namespaces/shop/services/web"),
        (NAMESPACES.path("", "shop"), "/api/v1/namespaces/shop"),
        (SLICES.path(), "/apis/discovery.k8s.io/v1/endpointslices"),
        (SLICES.path("shop", "web-1"), "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/web-1"),
        (SERVICE_ACCOUNTS.path("lb", "sync", "token"), "/api/v1/namespaces/lb/serviceaccounts/sync/token"),
        (
            MULTI_CLUSTER_SERVICES.path("shop", "web", "status"),
            "/apis/networking.one.alibabacloud.com/v1alpha1/namespaces/shop/multiclusterservices/web/status",
        ),
    ],
)
def test_path(path: str, expected: str) -> None:
    assert path == expected


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_body_names_its_kind_and_comes_back_the_same(kind: Kind[Object]) -> None:
    obj = kind.decoder.decode(b'{"metadata":{"name":"a","namespace":"b","resourceVersion":"7","labels":{"c":"d"}}}')
    body = kind.encode(obj)
    assert kind.decoder.decode(body) == obj
    head = msgspec.json.decode(body, type=dict[str, object])
    assert (head["apiVersion"], head["kind"]) == (kind.api_version, kind.kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_object_without_a_field_still_has_a_kind(kind: Kind[Object]) -> None:
    body = kind.encode(kind.type())
    assert msgspec.json.decode(body, type=dict[str, object]).keys() >= {"apiVersion", "kind"}


def test_group_is_part_of_the_api_version_but_the_core_has_none() -> None:
    assert (SERVICES.api_version, SLICES.api_version) == ("v1", "discovery.k8s.io/v1")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_empty_list_is_a_list(kind: Kind[Object]) -> None:
    listing = kind.list_decoder.decode(b'{"kind":"List","metadata":{"resourceVersion":"9"},"items":[]}')
    assert (listing.items, listing.metadata.resource_version) == ((), "9")


def test_what_is_not_set_is_not_written() -> None:
    body = SERVICES.encode(Service(ObjectMeta(name="web")))
    assert msgspec.json.decode(body) == {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}


def test_nulls_of_a_server_are_read() -> None:
    body = b"""{"metadata":{"name":"web","creationTimestamp":null,"deletionTimestamp":null},
                "spec":{"selector":null,"trafficDistribution":null}}"""
    assert SERVICES.decoder.decode(body) == Service(ObjectMeta(name="web"))


@pytest.mark.parametrize(
    ("cluster_ip", "headless"), [("None", True), ("10.96.0.1", False), ("", False), ("fd00::1", False)]
)
def test_service_is_headless_when_its_cluster_ip_is_the_word_none(cluster_ip: str, headless: bool) -> None:
    body = msgspec.json.encode({"spec": {"clusterIP": cluster_ip}})
    assert SERVICES.decoder.decode(body).headless is headless
    assert Service(spec=ServiceSpec(cluster_ip=cluster_ip)).headless is headless


def test_node_says_its_pod_networks() -> None:
    node = NODES.decoder.decode(b'{"spec":{"podCIDR":"10.1.0.0/24","podCIDRs":["10.1.0.0/24","fd00::/64"]}}')
    assert node.spec.pod_cidrs == ("10.1.0.0/24", "fd00::/64")


def test_secret_gives_its_values_decoded() -> None:
    secret = SECRETS.decoder.decode(b'{"data":{"name":"ZWFzdA=="},"type":"x"}')
    assert secret.text("name") == "east"
    assert secret.text("none") == ""
    assert Secret().text("name") == ""


def test_secret_never_shows_its_values() -> None:
    secret = Secret(ObjectMeta(name="a", namespace="b"), data={"token": "czNjcjN0"})
    assert repr(secret) == str(secret) == "Secret(b/a, keys=['token'])"
    assert "czNjcjN0" not in f"{[secret]} {Secret.__name__, secret}"


def test_lease_comes_back_as_it_was_written() -> None:
    lease = Lease(ObjectMeta(name="l"), LeaseSpec("me", 15, None, "2026-01-01T00:00:00.000000Z", 0))
    body = LEASES.encode(lease)
    assert LEASES.decoder.decode(body) == lease
    assert msgspec.json.decode(body)["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "renewTime": "2026-01-01T00:00:00.000000Z",
        "leaseTransitions": 0,
    }


def test_metadata_of_our_own_objects_can_reset_managed_fields() -> None:
    """The API server's documented way: one empty entry."""
    meta = OwnedMeta(name="a", managed_fields=(Object(),))
    body = CONFIG_MAPS.encode(ConfigMap(meta))
    assert msgspec.json.decode(body)["metadata"] == {"name": "a", "managedFields": [{}]}


def test_keys_order_and_read_as_namespace_and_name() -> None:
    assert [str(key) for key in sorted([Key("b", "a"), Key("a", "z"), Key("", "n")])] == ["n", "a/z", "b/a"]
    assert ObjectMeta(name="a", namespace="b").key == Key("b", "a")
    assert len({Key("a", "b"), Key("a", "b")}) == 1


def test_what_a_service_says_of_its_routing_is_read() -> None:
    spec = b"""{"metadata": {"name": "web"}, "spec": {
      "type": "LoadBalancer", "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"],
      "ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "PreferDualStack",
      "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": "web", "nodePort": 30080,
                 "appProtocol": "kubernetes.io/h2c"}, {"port": 53, "targetPort": 53, "protocol": "UDP"}],
      "selector": {"app": "web"}, "sessionAffinity": "ClientIP",
      "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}},
      "internalTrafficPolicy": "Local", "externalTrafficPolicy": "Local", "publishNotReadyAddresses": true}}"""
    found = SERVICES.decoder.decode(spec)
    assert found.spec == ServiceSpec(
        cluster_ip="10.96.0.7",
        selector={"app": "web"},
        type="LoadBalancer",
        ports=(ServicePort("http", "TCP", 80, "kubernetes.io/h2c"), ServicePort(None, "UDP", 53)),
        ip_families=("IPv4", "IPv6"),
        session_affinity="ClientIP",
        session_affinity_config=SessionAffinityConfig(ClientIP(60)),
        internal_traffic_policy="Local",
        external_traffic_policy="Local",
        publish_not_ready_addresses=True,
    )
    assert found.families == ("IPv4", "IPv6")
    assert not found.external_name


def test_a_service_with_nothing_in_its_fields_is_read_s15() -> None:
    fields = ("selector", "ports", "ipFamilies", "sessionAffinityConfig", "internalTrafficPolicy", "type")
    spec = ", ".join(f'"{field}": null' for field in fields)
    found = SERVICES.decoder.decode(f'{{"metadata": {{"name": "web"}}, "spec": {{{spec}}}}}')
    assert found.spec == ServiceSpec()


def test_a_service_with_an_odd_port_costs_only_itself_s15() -> None:
    meta = b'"metadata": {"name": "web", "namespace": "shop", "resourceVersion": "7"}'
    found = readable(SERVICES.decoder, b"{" + meta + b', "spec": {"ports": [{"port": "80"}]}}')
    assert isinstance(found, Unreadable)
    assert (found.key, found.version) == (Key("shop", "web"), "7")
