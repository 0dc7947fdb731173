"""Endpoints of a provider reach its consumers, in the form that routes there: rules S1 to S4."""

from __future__ import annotations

from landbridge.api.core import CONFIG_MAPS
from landbridge.api.discovery import SLICES
from landbridge.api.names import (
    CONTROL_PLANE_MANAGER,
    EXPORT_UNMANAGED,
    FLEET,
    FLEET_RECORD,
    HEADLESS,
    LAST_CHANGE,
    MANAGED_BY,
    SERVICE_NAME,
    SOURCE_CLUSTER,
    SYSTEM_NAMESPACE,
)
from landbridge.kube.clock import utc_now_micro
from tests.api.scene import NAME, PORTS, Body, Scene, endpoint
from tests.api.waiting import eventually
from tests.api.world import HUB, NEW, OLD


async def test_endpoints_come_change_and_go_s1(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    await scene.make_mcs([OLD], [NEW])
    one, two, three = scene.pods(OLD, 3)
    await scene.put_slice(OLD, one)
    await scene.arrives(NEW, one)
    await scene.put_slice(OLD, one, two)
    await scene.arrives(NEW, one, two)
    await scene.put_slice(OLD, three, name="web-second")
    await scene.arrives(NEW, one, two, three)
    await scene.delete_slice(OLD)
    await scene.arrives(NEW, three)
    await scene.put_slice(OLD, name="web-second")
    await scene.arrives(NEW)
    assert len(await scene.imports(NEW)) == 1, "a slice without endpoints is a slice"
    await scene.delete_slice(OLD, "web-second")
    await scene.holds(NEW, 0)


async def test_each_consumer_imports_from_every_other_provider_s1(scene: Scene) -> None:
    clusters = (HUB, OLD, NEW)
    await scene.make_service(*clusters)
    pods = {cluster: scene.pod(cluster, 1) for cluster in clusters}
    for cluster in clusters:
        await scene.put_slice(cluster, pods[cluster])  # the same name in all three
    await scene.make_mcs(clusters, clusters)
    for cluster in clusters:
        await scene.arrives(cluster, *(pods[other] for other in clusters if other != cluster))


async def test_readiness_travels_s4(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    await scene.make_mcs([OLD], [NEW])
    pod = scene.pod(OLD, 1)
    ready = {"ready": True, "serving": True, "terminating": False}
    draining = {"ready": False, "serving": True, "terminating": True}
    dead = {"ready": False}
    for conditions in (ready, draining, dead):
        await scene.put_slice(OLD, endpoints=[endpoint(pod, conditions=conditions)])
        await _shows_conditions(scene, conditions)


async def _shows_conditions(scene: Scene, wanted: dict[str, bool]) -> None:
    def same(found: list[Body]) -> bool:
        return [e["conditions"] for s in found for e in s["endpoints"]] == [wanted]

    await eventually(lambda: scene.imports(NEW), same)


async def test_a_copy_has_what_routes_and_nothing_of_the_other_clusters_nodes_s4(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, endpoints=[endpoint(pod, hostname="web-0")])
    await scene.make_mcs([OLD], [NEW])
    copy = await scene.only_import(NEW, pod)
    conditions = {"ready": True, "serving": True, "terminating": False}
    assert copy["endpoints"] == [{"addresses": [pod], "conditions": conditions, "hostname": "web-0"}]
    assert copy["ports"] == PORTS
    assert copy["addressType"] == "IPv4"


async def test_labels_say_whose_it_is_s3(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod, labels={"app": "web", "team": "shop"})
    await scene.make_mcs([OLD], [NEW])
    record = await scene.world.hub.get(CONFIG_MAPS, FLEET_RECORD, SYSTEM_NAMESPACE)
    meta = (await scene.only_import(NEW, pod))["metadata"]
    assert meta["labels"] == {
        SERVICE_NAME: NAME,
        MANAGED_BY: "landbridge.dev",
        SOURCE_CLUSTER: OLD,
        FLEET: (record.data or {})["uid"],
    }
    assert meta["name"].startswith(f"{NAME}-")
    assert "ownerReferences" not in meta


async def test_an_import_that_changed_has_no_field_ownership(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    one, two = scene.pods(OLD, 2)
    await scene.put_slice(OLD, one)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, one)
    await scene.put_slice(OLD, two)
    assert "managedFields" not in (await scene.only_import(NEW, two))["metadata"]


async def test_names_do_not_depend_on_when_they_are_made_s3(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    before = (await scene.only_import(NEW, pod))["metadata"]["name"]
    await scene.end()
    await scene.make_mcs([OLD], [NEW])
    assert (await scene.only_import(NEW, pod))["metadata"]["name"] == before


async def test_an_import_of_a_headless_service_says_so_s3(scene: Scene) -> None:
    await scene.make_service(OLD)
    await scene.make_service(NEW, clusterIP="None")
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    assert (await scene.only_import(NEW, pod))["metadata"]["labels"][HEADLESS] == ""


async def test_a_live_change_carries_its_trigger_time_and_a_first_copy_does_not_s3(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    one, two = scene.pods(OLD, 2)
    await scene.put_slice(OLD, one, annotations={LAST_CHANGE: "2026-01-01T00:00:00Z"})
    await scene.make_mcs([OLD], [NEW])
    assert LAST_CHANGE not in (await scene.only_import(NEW, one))["metadata"]["annotations"]
    now = utc_now_micro()
    await scene.put_slice(OLD, two, annotations={LAST_CHANGE: now})
    assert (await scene.only_import(NEW, two))["metadata"]["annotations"][LAST_CHANGE] == now


async def test_an_import_is_never_exported_again_s2(scene: Scene) -> None:
    """An echo would need one round only; three Services in a ring, and a change that went round is seen by then."""
    clusters = (HUB, OLD, NEW)
    await scene.make_service(*clusters)
    pod, fence = scene.pods(OLD, 2)
    await scene.make_mcs(clusters, clusters)
    await scene.put_slice(OLD, pod)
    await scene.arrives(HUB, pod)
    await scene.arrives(NEW, pod)
    await scene.put_slice(OLD, fence)
    await scene.arrives(HUB, fence)
    await scene.arrives(NEW, fence)
    assert await scene.imports(OLD) == []
    assert {len(await scene.imports(cluster)) for cluster in (HUB, NEW)} == {1}


async def test_slices_of_others_are_not_exported_s2(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pod, forged, mirrored = scene.pods(OLD, 3)
    await scene.put_slice(OLD, forged, name="web-forged", labels={MANAGED_BY: "somebody"})
    await scene.put_slice(OLD, mirrored, name="web-mirror", labels={MANAGED_BY: "endpointslicemirroring-controller"})
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, pod)


async def test_a_service_without_selector_is_exported_by_consent_s2(scene: Scene) -> None:
    pod = scene.pod(OLD, 1)
    consent = {"annotations": {EXPORT_UNMANAGED: "true"}}
    await scene.make_service(OLD, metadata=consent, selector=None)
    await scene.make_service(NEW)
    await scene.put_slice(OLD, pod, name="web-by-hand", labels={MANAGED_BY: "somebody"})
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, pod)


async def test_a_strangers_slice_in_the_consumer_is_left_alone(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    own = await scene.put_slice(NEW, scene.pod(NEW, 1), name="web-own", labels={MANAGED_BY: CONTROL_PLANE_MANAGER})
    other = await scene.put_slice(NEW, scene.pod(NEW, 2), name="web-other", labels={MANAGED_BY: "somebody"})
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, pod)
    await scene.end()
    assert await scene.read(NEW, SLICES, "web-own") == own
    assert await scene.read(NEW, SLICES, "web-other") == other
