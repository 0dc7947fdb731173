"""S3 and S4: what an import is called, carries, and leaves behind."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from landbridge.api.core import Service
from landbridge.api.discovery import SLICES, Conditions, Endpoint, EndpointPort, EndpointSlice
from landbridge.api.meta import Key
from landbridge.clusters.ownership import import_name
from landbridge.mcs.plan import plan
from landbridge.mcs.withheld import withheld
from tests.unit.mcs.views import SOURCE, only, provider, synced, view
from tests.unit.objects import FLEET_UID, SERVICE2, service, slice_


def name(fleet: str = "f", cluster: str = "old", source: str = "s", family: str = "IPv4", service: str = "web") -> str:
    return import_name(fleet, cluster, slice_(source, key=Key("mcs-demo", service), address_type=family))


def test_s3_a_name_is_the_same_after_every_restart() -> None:
    assert import_name(FLEET_UID, "old", SOURCE) == "service2-g5aw7a3zov577t7i"


def test_s3_names_differ_by_fleet_provider_slice_and_address_type() -> None:
    names = [name(), name(fleet="g"), name(cluster="new"), name(source="t"), name(family="IPv6"), name(service="api")]
    assert len(set(names)) == len(names)


def test_s3_the_parts_of_a_name_do_not_run_into_each_other() -> None:
    assert name(cluster="a", source="bc") != name(cluster="ab", source="c")


def test_s3_a_name_is_bounded_however_long_its_parts_are() -> None:
    long = name(fleet="f" * 36, cluster="c" * 63, source="s" * 253, service="w" * 63)
    assert len(long) == 63 + 1 + 16
    assert long.removeprefix("w" * 63 + "-").isalnum()
    assert long == long.lower()


def test_s3_a_name_begins_with_the_services_and_a_dash() -> None:
    """ingress-nginx looks for slices of a Service by that prefix first; other tools may, too."""
    assert name(service="web").startswith("web-")


@pytest.mark.parametrize("headless", [False, True])
def test_s3_an_import_carries_these_labels_and_no_other(headless: bool) -> None:
    source = slice_(labels={"app": "web", "service.kubernetes.io/headless": "", "team": "shop"})
    import_ = only(plan(view(provider(source), there=service(headless=headless))).create)
    ours = {
        "kubernetes.io/service-name": "service2",
        "endpointslice.kubernetes.io/managed-by": "landbridge.dev",
        "multicluster.kubernetes.io/source-cluster": "old",
        "landbridge.dev/fleet": FLEET_UID,
    }
    assert import_.metadata.labels == ours | ({"service.kubernetes.io/headless": ""} if headless else {})


def test_s3_an_import_follows_the_consumers_service_when_it_becomes_headless() -> None:
    imports = synced(provider(SOURCE))
    (change,) = plan(view(provider(SOURCE), imports=imports, there=service(headless=True))).update
    assert "service.kubernetes.io/headless" in change.slice.metadata.labels


def test_s3_what_is_sent_has_no_owner_and_resets_field_ownership() -> None:
    import_ = only(plan(view(provider(SOURCE))).create)
    sent = msgspec.json.decode(SLICES.encode(import_))
    assert sent["metadata"].keys() == {"name", "namespace", "labels", "annotations", "managedFields"}
    assert sent["metadata"]["managedFields"] == [{}]
    assert sent["metadata"]["namespace"] == SERVICE2.namespace


FULL = b"""{
  "metadata": {"name": "s", "namespace": "mcs-demo", "uid": "u", "resourceVersion": "7", "generation": 3,
    "labels": {"kubernetes.io/service-name": "service2",
               "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"},
    "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": "service2", "uid": "u2"}]},
  "addressType": "IPv4",
  "endpoints": [{"addresses": ["10.1.0.1"], "hostname": "web-0", "nodeName": "node-1", "zone": "z1",
    "conditions": {"ready": false, "serving": true, "terminating": true},
    "hints": {"forZones": [{"name": "z1"}], "forNodes": [{"name": "node-1"}]},
    "targetRef": {"kind": "Pod", "name": "web-0", "namespace": "mcs-demo"},
    "deprecatedTopology": {"kubernetes.io/hostname": "node-1"}}],
  "ports": [{"name": "http", "protocol": "TCP", "port": 8080, "appProtocol": "kubernetes.io/h2c"}, {"port": 53}]
}"""


def test_s4_what_routes_is_copied_and_what_would_steer_is_dropped() -> None:
    import_ = only(plan(view(provider(SLICES.decoder.decode(FULL)))).create)
    sent = msgspec.json.decode(SLICES.encode(import_))
    assert sent.keys() == {"apiVersion", "kind", "metadata", "addressType", "endpoints", "ports"}
    assert sent["addressType"] == "IPv4"
    assert sent["endpoints"] == [
        {
            "addresses": ["10.1.0.1"],
            "hostname": "web-0",
            "conditions": {"ready": False, "serving": True, "terminating": True},
        }
    ]
    assert sent["ports"] == [
        {"name": "http", "protocol": "TCP", "port": 8080, "appProtocol": "kubernetes.io/h2c"},
        {"port": 53},
    ]


def _with(source: EndpointSlice, **fields: object) -> EndpointSlice:
    (endpoint,) = source.endpoints or ()
    return replace(source, endpoints=(replace(endpoint, **fields),))


BEFORE = slice_("s", "10.1.0.1")
DIFFERENT = {
    "address": _with(BEFORE, addresses=("10.1.0.2",)),
    "hostname": _with(BEFORE, hostname="web-0"),
    "ready": _with(BEFORE, conditions=Conditions(False, True, False)),
    "serving": _with(BEFORE, conditions=Conditions(True, False, False)),
    "terminating": _with(BEFORE, conditions=Conditions(True, True, True)),
    "no endpoint": replace(BEFORE, endpoints=()),
    "one more": replace(BEFORE, endpoints=(*(BEFORE.endpoints or ()), Endpoint(("10.1.0.9",)))),
    "port": replace(BEFORE, ports=(EndpointPort("http", "TCP", 8081),)),
    "port name": replace(BEFORE, ports=(EndpointPort("web", "TCP", 8080),)),
    "protocol": replace(BEFORE, ports=(EndpointPort("http", "UDP", 8080),)),
    "application protocol": replace(BEFORE, ports=(EndpointPort("http", "TCP", 8080, "h2c"),)),
    "no port": replace(BEFORE, ports=()),
}


@pytest.mark.parametrize("after", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_s4_a_difference_in_anything_that_routes_is_written(after: EndpointSlice) -> None:
    (change,) = plan(view(provider(after), imports=synced(provider(BEFORE)))).update
    assert (change.slice.endpoints, change.slice.ports) == (after.endpoints, after.ports)


def _relabelled(source: EndpointSlice, labels: dict[str, str]) -> EndpointSlice:
    return replace(source, metadata=replace(source.metadata, labels=labels))


def test_s3_a_label_of_ours_that_somebody_added_to_an_import_is_taken_off() -> None:
    (import_,) = synced(provider(SOURCE))
    spoiled = _relabelled(import_, {**import_.metadata.labels, "service.kubernetes.io/headless": ""})
    (change,) = plan(view(provider(SOURCE), imports=(spoiled,))).update
    assert change.slice.metadata.labels == import_.metadata.labels


def test_s12_a_label_that_a_members_webhook_adds_is_not_fought() -> None:
    (import_,) = synced(provider(SOURCE))
    labelled = _relabelled(import_, {**import_.metadata.labels, "team": "shop"})
    assert not plan(view(provider(SOURCE), imports=(labelled,)))


def test_labels_of_the_source_are_no_difference() -> None:
    other = _relabelled(SOURCE, {**SOURCE.metadata.labels, "team": "shop"})
    assert not plan(view(provider(other), imports=synced(provider(SOURCE))))


@pytest.mark.parametrize("there", [service(), service(headless=True)], ids=["cluster IP", "headless"])
def test_s12_defaults_that_the_api_server_fills_in_are_no_difference(there: Service) -> None:
    source = replace(SOURCE, ports=(EndpointPort(None, None, 8080),))
    assert not plan(view(provider(source), imports=synced(provider(source), there=there), there=there))


DUAL = provider(slice_("four", "10.1.0.1"), slice_("six", "fd00::1", address_type="IPv6"))


@pytest.mark.parametrize("families", [("IPv4",), ("IPv6",), ("IPv4", "IPv6"), ("IPv6", "IPv4")])
def test_families_that_the_consumers_service_lacks_are_not_imported_s13(families: tuple[str, ...]) -> None:
    there = service(ip_families=families)
    assert {import_.address_type for import_ in synced(DUAL, there=there)} == set(families)


def test_a_family_that_the_consumers_service_loses_goes_s13() -> None:
    imports = synced(DUAL, there=service(ip_families=("IPv4", "IPv6")))
    changes = plan(view(DUAL, imports=imports, there=service(ip_families=("IPv4",))))
    assert [change.slice.address_type for change in changes.delete] == ["IPv6"]
    assert not changes.create
    assert not changes.update


def test_addresses_that_are_not_imported_are_told_s13() -> None:
    assert withheld(view(DUAL, there=service(ip_families=("IPv4", "IPv6")))) == ()
    ((reason, message),) = withheld(view(DUAL, there=service(ip_families=("IPv4",))))
    assert reason == "IPFamilyConflict"
    assert message == "new: IPv6 addresses of old are not imported, its Service has IPv4 alone"


def test_addresses_outside_the_declared_networks_are_left_out_of_the_copy_s9() -> None:
    forged = slice_("s", "10.1.0.1", "192.0.2.1")
    copied = only(plan(view(provider(forged))).create)
    assert [endpoint.addresses for endpoint in copied.endpoints or ()] == [("10.1.0.1",)]


def test_a_slice_of_which_nothing_is_left_is_not_imported_and_goes_where_it_was_s9() -> None:
    forged = slice_(SOURCE.metadata.name, "192.0.2.1")
    assert not plan(view(provider(forged)))
    imports = synced(provider(SOURCE))
    changes = plan(view(provider(forged), imports=imports))
    assert (changes.create, changes.update, len(changes.delete)) == ((), (), 1)


def test_of_a_provider_out_of_view_nothing_is_filtered_away_s9() -> None:
    imports = synced(provider(SOURCE))
    assert not plan(view(provider(slice_(SOURCE.metadata.name, "192.0.2.1"), live=False), imports=imports))


def test_filtered_addresses_are_told_with_count_and_example_s9() -> None:
    forged = slice_("s", "192.0.2.1", "10.1.0.1", "127.0.0.1")
    ((reason, text),) = withheld(view(provider(forged)))
    assert reason == "AddressFiltered"
    assert text.startswith("new: 2 endpoint(s) of old are not imported: 192.0.2.1 is not in its declared pod networks")
    assert "landbridge fleet join old --context" in text


def test_slices_of_names_are_not_imported_s9() -> None:
    assert not plan(view(provider(slice_("s", "db.example.org", address_type="FQDN"))))
