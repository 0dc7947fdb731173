"""Services that differ between clusters, and what of them is withheld: S10, S13."""

from __future__ import annotations

from typing import Any

from landbridge.api.core import SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import EXPORT_UNMANAGED, HOST_NAMES, SHARED
from tests.api.scene import NAME, Body, Scene, endpoint
from tests.api.waiting import eventually
from tests.api.world import HUB, NEW, OLD

HTTP = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
DUAL: dict[str, Any] = {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"]}
SIX = "fd00:10:1::7"


async def conflict(scene: Scene, reason: str) -> Body:
    """Wait for the reason of the condition."""
    return await eventually(lambda: scene.condition("Conflict"), lambda found: found.get("reason") == reason)


async def change(scene: Scene, cluster: str, **spec: object) -> None:
    """Change the Service of a cluster."""
    await scene.patch(cluster, SERVICES, NAME, {"spec": spec})


async def test_services_are_compared_in_all_that_changes_how_they_route_s10(scene: Scene) -> None:
    sticky: dict[str, Any] = {"sessionAffinity": "ClientIP", "internalTrafficPolicy": "Local"}
    other = [HTTP | {"name": "web"}, {"name": "signal", "port": 2905, "protocol": "SCTP"}]
    await scene.make_service(OLD)
    await scene.make_mcs([OLD], [NEW])
    assert NEW in (await conflict(scene, "NotCompared"))["message"]
    await scene.make_service(
        NEW, type="LoadBalancer", externalTrafficPolicy="Local", ports=other, publishNotReadyAddresses=True, **sticky
    )
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    found = await eventually(lambda: scene.condition("Conflict"), lambda found: found.get("status") == "True")
    reasons = found["reason"].split(",")
    await scene.told(*reasons)
    assert reasons == [
        "InternalTrafficPolicyConflict",
        "ExternalTrafficPolicyConflict",
        "TypeConflict",
        "PortConflict",
        "PublishNotReadyAddressesConflict",
        "SessionAffinityConflict",
    ]
    assert f"http 80/TCP in {OLD}; signal 2905/SCTP, web 80/TCP in {NEW}" in found["message"]
    await scene.arrives(NEW, pod)
    await scene.shows(NEW, "Conflict", importedReady=1)
    await scene.shows(OLD, "Conflict")
    alike = {"type": "ClusterIP", "externalTrafficPolicy": None, "ports": [HTTP], "publishNotReadyAddresses": False}
    await change(
        scene, NEW, sessionAffinity="None", sessionAffinityConfig=None, internalTrafficPolicy="Cluster", **alike
    )
    assert (await conflict(scene, "NoConflicts"))["status"] == "False"
    await scene.shows(NEW, "Synced")


async def test_families_are_imported_that_the_consumers_service_has_s13(scene: Scene) -> None:
    await scene.make_service(OLD, **DUAL)
    await scene.make_service(NEW)
    four = scene.pod(OLD, 1)
    await scene.put_slice(OLD, four)
    await scene.put_slice(OLD, SIX, name="web-six", addressType="IPv6")
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, four)
    assert f"IPv6 addresses of {OLD} are not imported" in (await scene.shows(NEW, "Conflict"))["message"]
    await conflict(scene, "IPFamilyConflict")
    await scene.shows(OLD, "Conflict", ownReady=1)
    await change(scene, NEW, **DUAL)
    await scene.arrives(NEW, four, SIX)
    await conflict(scene, "NoConflicts")
    await scene.shows(NEW, "Synced", importedReady=1)
    assert (await scene.mcs())["status"]["endpoints"] == 1
    await change(scene, NEW, ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"])
    await scene.arrives(NEW, four)


async def test_ports_of_all_kinds_are_imported_as_they_are_s13(scene: Scene) -> None:
    named = [{"name": name, "port": port, "protocol": kind} for name, port, kind in (
        ("http", 8080, "TCP"), ("dns", 5353, "UDP"), ("signal", 2905, "SCTP")
    )]  # fmt: skip
    await scene.make_service(OLD, NEW, ports=named)
    pods = scene.pods(OLD, 2)
    await scene.put_slice(OLD, pods[0], ports=named)
    await scene.put_slice(OLD, pods[1], name="web-unnamed", ports=[{"name": "", "port": 2905, "protocol": "SCTP"}])
    await scene.make_mcs([OLD], [NEW])
    found = await scene.arrives(NEW, *pods)
    assert sorted((slice_["ports"] for slice_ in found), key=len) == [
        [{"name": "", "port": 2905, "protocol": "SCTP"}],
        named,
    ]
    await conflict(scene, "NoConflicts")


async def test_a_thousand_endpoints_in_ten_slices_are_imported_s13(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pods = scene.pods(OLD, 1000)
    for number in range(10):
        await scene.put_slice(OLD, *pods[number::10], name=f"web-{number}")
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, *pods)
    await scene.shows(NEW, "Synced", importedReady=1000)
    await scene.put_slice(OLD, *pods[10::10], name="web-0")
    await scene.arrives(NEW, *(pod for pod in pods if pod != pods[0]))
    await scene.shows(NEW, "Synced", importedReady=999)


async def test_host_names_are_held_by_one_cluster_until_the_hub_says_else_s10(scene: Scene) -> None:
    """Whatever its pods do; unless the hub says that each name is in one cluster alone."""
    await scene.make_service(HUB, OLD, NEW, clusterIP="None")
    old, hub, mine = scene.pods(OLD, 2), scene.pods(HUB, 2), [scene.pod(NEW, 1)]
    pods = {OLD: stateful(*old), HUB: stateful(*hub, first=1), NEW: stateful(*mine)}
    for cluster in (OLD, HUB):
        await scene.put_slice(cluster, endpoints=pods[cluster])
    await scene.make_mcs([OLD, HUB], [NEW])
    await scene.arrives(NEW, *old)
    message = (await scene.shows(NEW, "Conflict"))["message"]
    assert f"{NEW}: host name web-1, web-2 of {HUB} is not imported, all are {OLD}'s" in message
    await conflict(scene, "HostnameConflict")
    await scene.told("HostnameConflict")
    await scene.put_slice(OLD)
    await scene.arrives(NEW)
    await scene.put_slice(OLD, endpoints=pods[OLD])
    await scene.arrives(NEW, *old)
    await scene.patch(HUB, MULTI_CLUSTER_SERVICES, NAME, {"metadata": {"annotations": {HOST_NAMES: SHARED}}})
    await scene.arrives(NEW, *old, hub[1])
    await scene.put_slice(NEW, endpoints=pods[NEW])
    await scene.arrives(NEW, old[1], hub[1])
    await scene.patch(HUB, MULTI_CLUSTER_SERVICES, NAME, {"metadata": {"annotations": {HOST_NAMES: None}}})
    await scene.arrives(NEW, old[1])
    await scene.change_mcs([HUB], [NEW])
    await scene.arrives(NEW, *hub)
    await conflict(scene, "NoConflicts")


def stateful(*addresses: str, first: int = 0) -> list[Body]:
    """Endpoints of a StatefulSet, by its ordinals."""
    return [endpoint(address, hostname=f"web-{n}") for n, address in enumerate(addresses, first)]


async def test_an_alias_exports_and_imports_nothing_s10(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, pod)
    for cluster in (OLD, NEW):
        await change(
            scene, cluster, type="ExternalName", externalName="web.example.com", clusterIP=None, clusterIPs=None
        )
        await scene.holds(NEW, 0)
        await scene.shows(cluster, "InvalidServiceType")
        assert (await scene.condition("Ready"))["reason"] == "InvalidServiceType"
        await scene.told("InvalidServiceType")
        await conflict(scene, "TypeConflict")
        await change(scene, cluster, type="ClusterIP", externalName=None)
        await scene.arrives(NEW, pod)


async def test_slices_that_only_want_consent_are_told_with_the_command_s10(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, pod)
    await change(scene, OLD, selector=None)
    row = await scene.shows(OLD, "NotExported", ownReady=0)
    command = f"kubectl --context {OLD} -n {scene.namespace} annotate service {NAME} {EXPORT_UNMANAGED}=true"
    assert command in row["message"]
    await scene.holds(NEW, 0)
    ready = await scene.condition("Ready")
    assert (ready["status"], ready["reason"]) == ("False", "NotExported")
    await scene.told("NotExported")
    await scene.patch(OLD, SERVICES, NAME, {"metadata": {"annotations": {EXPORT_UNMANAGED: "true"}}})
    await scene.arrives(NEW, pod)
    await scene.shows(OLD, "Synced", ownReady=1)
    assert await scene.read(OLD, SLICES, "web-abcde"), "nothing of the provider was touched"
