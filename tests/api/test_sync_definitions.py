"""What a person defines: MultiClusterServices, Services, namespaces; what is missing, wrong or refused: S6, S14."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from landbridge.api.core import NAMESPACES, SERVICES
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.kube.errors import ApiError
from tests.api.scene import NAME, Body, Scene, mcs_spec
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, HUB, NEW, OLD, World


async def test_a_consumer_without_the_service_is_told_the_command_s6(scene: Scene) -> None:
    await scene.make_service(OLD)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    row = await scene.shows(NEW, "NoService", ownReady=0, importedReady=0)
    assert f"kubectl --context {NEW} -n {scene.namespace} apply" in row["message"]
    assert (await scene.condition("Ready"))["reason"] == "NoService"
    assert await scene.read(NEW, SERVICES) is None
    await scene.make_service(NEW)
    await scene.arrives(NEW, pod)
    await scene.shows(NEW, "Synced", importedReady=1, message="")
    assert (await scene.condition("Ready"))["status"] == "True"


async def test_a_consumer_without_the_namespace_is_told_the_command_s6(bare: Scene) -> None:
    await bare.make_namespace(HUB, OLD)
    await bare.make_service(OLD)
    pod = bare.pod(OLD, 1)
    await bare.put_slice(OLD, pod)
    await bare.make_mcs([OLD], [NEW])
    row = await bare.shows(NEW, "NoNamespace")
    assert f"kubectl --context {NEW} create namespace {bare.namespace}" in row["message"]
    names = {ns.metadata.name for ns in (await bare.world.admins[NEW].list(NAMESPACES)).items}
    assert bare.namespace not in names
    await bare.make_namespace(NEW)
    await bare.shows(NEW, "NoService")
    await bare.make_service(NEW)
    await bare.arrives(NEW, pod)


async def test_a_cluster_that_never_joined_is_told_the_command_s6(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD, "nowhere"], [NEW, "nowhere"])
    row = await scene.shows("nowhere", "NoCluster", roles=["Provider", "Consumer"])
    assert "landbridge fleet join nowhere" in row["message"]
    await scene.arrives(NEW, pod)


async def test_imports_go_with_the_service_that_was_the_consent_s6(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, pod)
    await scene.world.admins[NEW].request("DELETE", SERVICES.path(scene.namespace, NAME))
    await scene.holds(NEW, 0)
    await scene.shows(NEW, "NoService")


async def test_one_way_s1(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    old, new = scene.pod(OLD, 1), scene.pod(NEW, 1)
    await scene.put_slice(OLD, old)
    await scene.put_slice(NEW, new)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, old)
    await scene.shows(OLD, "Synced", roles=["Provider"], ownReady=1, importedReady=0)
    await scene.shows(NEW, "Synced", roles=["Consumer"], ownReady=1, importedReady=1)
    assert await scene.imports(OLD) == []


async def test_the_status_says_it_all_in_columns(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    await scene.put_slice(OLD, *scene.pods(OLD, 2))
    await scene.put_slice(NEW, scene.pod(NEW, 1))
    await scene.make_mcs([OLD, NEW], [OLD, NEW])
    await scene.shows(OLD, "Synced", ownReady=2, importedReady=1)
    await scene.shows(NEW, "Synced", ownReady=1, importedReady=2)
    mcs = await scene.mcs()
    status = mcs["status"]
    assert (status["providers"], status["consumers"], status["endpoints"]) == ("oldcluster,newcluster",) * 2 + (3,)
    assert status["observedGeneration"] == mcs["metadata"]["generation"]
    assert {c["type"]: c["status"] for c in status["conditions"]} == {"Ready": "True", "Conflict": "False"}


async def test_a_preference_that_imports_switch_off_is_reported_s4(scene: Scene) -> None:
    await scene.make_service(OLD)
    await scene.make_service(NEW, trafficDistribution="PreferSameZone")
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, pod)
    await scene.shows(NEW, "Conflict")
    assert (await scene.condition("Conflict"))["reason"] == "TrafficDistributionConflict"
    assert (await scene.condition("Ready"))["status"] == "True", "it routes all the same"
    (event,) = await scene.told("TrafficDistributionConflict")
    assert event["note"].startswith(f"{NEW}: trafficDistribution PreferSameZone has no effect")
    await scene.patch(NEW, SERVICES, NAME, {"spec": {"trafficDistribution": None}})
    await scene.told("NoConflicts", type_="Normal")


WRONG: dict[str, Callable[[Body], Any]] = {
    "spec: Required value": lambda body: body.pop("spec"),
    "spec.consumerClusters: Required value": lambda body: body["spec"].pop("consumerClusters"),
    "should have at least 1 items": lambda body: body["spec"].update(providerClusters=[]),
    "spec.providerClusters[1]: Duplicate value": lambda body: body["spec"].update(providerClusters=[{"name": OLD}] * 2),
    "spec.providerClusters[0].name": lambda body: body["spec"].update(providerClusters=[{"name": "Old_Cluster"}]),
    "must be the name of a Service": lambda body: body["metadata"].update(name="9web"),
}


@pytest.mark.parametrize("says", WRONG)
async def test_the_api_server_refuses_a_wrong_spec(scene: Scene, says: str) -> None:
    body: Body = {"metadata": {"name": NAME}, "spec": mcs_spec([OLD], [NEW])}
    WRONG[says](body)
    with pytest.raises(ApiError) as refusal:
        await scene.create(HUB, MULTI_CLUSTER_SERVICES, body)
    assert refusal.value.status == 422
    assert says in str(refusal.value)


async def test_fields_that_other_tools_have_there_are_accepted(scene: Scene) -> None:
    body = {"metadata": {"name": NAME}, "spec": mcs_spec([OLD], [NEW]) | {"types": ["CrossCluster"]}}
    made = await scene.create(HUB, MULTI_CLUSTER_SERVICES, body)
    assert made["spec"]["types"] == ["CrossCluster"]


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", "kube-node-lease", "landbridge-system"])
async def test_a_reserved_namespace_is_refused_s14(world: World, namespace: str) -> None:
    scene = Scene(world, namespace)
    await _is_refused(scene, "ReservedNamespace")


async def test_the_api_servers_own_service_is_refused_s14(world: World) -> None:
    await _is_refused(Scene(world, "default", "kubernetes"), "ReservedService")


async def _is_refused(scene: Scene, reason: str) -> None:
    if scene.name == NAME:
        await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    ready = await eventually(lambda: scene.condition("Ready"), bool)
    assert (ready["status"], ready["reason"]) == ("False", reason)
    assert await scene.imports(NEW) == []
    mcs = await scene.mcs()
    assert "finalizers" not in mcs["metadata"]
    (event,) = await scene.told(reason)
    assert event["note"] == ready["message"]
    await scene.end()


async def test_a_namespace_that_a_cluster_does_not_allow_is_refused_s14(scene: Scene) -> None:
    await scene.make_service(*CLUSTERS)
    pods = {cluster: scene.pod(cluster, 1) for cluster in CLUSTERS}
    for cluster, pod in pods.items():
        await scene.put_slice(cluster, pod)
    await scene.make_mcs(CLUSTERS, CLUSTERS)
    await scene.arrives(NEW, pods[HUB], pods[OLD])
    await scene.world.join(NEW, "another-namespace")
    try:
        row = await scene.shows(NEW, "Forbidden", importedReady=0)
        assert f"--namespace {scene.namespace}" in row["message"]
        await scene.told("Forbidden")
        await scene.arrives(OLD, pods[HUB])
        assert await scene.imports(NEW) == []
    finally:
        await scene.world.join(NEW)
    await scene.arrives(NEW, pods[HUB], pods[OLD])
    await scene.arrives(OLD, pods[HUB], pods[NEW])
