"""`landbridge service` says what is so, of clusters at work; and so do the status and an Event (S4, S9, S10, S14)."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from landbridge.api.core import SERVICES
from landbridge.api.migration import SERVICE_MIGRATIONS
from landbridge.api.names import EXPORT_UNMANAGED
from landbridge.cli.service import service
from landbridge.mcs import conflicts
from tests.api.scene import NAME, Scene, endpoint
from tests.api.world import HUB, NEW, OLD, World


class Command:
    """The command, without a process of its own; it says JSON."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    async def __call__(self, scene: Scene) -> tuple[int, Any]:
        """Its exit code, and what it said."""
        self._capsys.readouterr()
        lab = scene.world.lab
        code = await service(str(scene.key), hub_context=HUB, kubeconfig=lab.kubeconfig, output="json")
        return code, msgspec.json.decode(self._capsys.readouterr().out)

    async def says(self, scene: Scene, *reasons: str, status: str = "") -> dict[str, Any]:
        """The findings of these reasons, which Event and status tell, too; ``status`` where theirs is another."""
        await scene.told(*([status] if status else reasons))
        conditions = [await scene.condition("Ready"), await scene.condition("Conflict")]
        told = {reason for condition in conditions for reason in condition["reason"].split(",")}
        assert ({status} if status else set(reasons)) <= told
        code, answer = await self(scene)
        assert (code, answer["verdict"]) == (5, "Wrong")
        found = {one["reason"]: one for one in answer["findings"] if one["by"] == "look" and one["reason"] in reasons}
        assert set(found) == set(reasons)
        assert all(one["command"] for one in found.values())
        return found


@pytest.fixture
def look(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


async def test_all_is_well_and_then_a_preference_and_want_of_consent_are_told_s4(scene: Scene, look: Command) -> None:
    await scene.make_service(OLD, NEW)
    one, two = scene.pods(OLD, 2)
    await scene.put_slice(OLD, one, two)
    assert (await look(scene))[0] == 6
    await scene.make_mcs([OLD], [NEW])
    await scene.shows(NEW, "Synced", importedReady=2)
    code, told = await look(scene)
    assert (code, told["verdict"], told["findings"], told["readyEndpoints"]) == (0, "Well", [], 2)
    (provider,), (consumer,) = told["providers"], told["consumers"]
    assert (provider["cluster"], provider["addresses"], provider["ports"]) == (OLD, [one, two], ["http 8080/TCP"])
    assert (consumer["cluster"], consumer["imports"], consumer["asExported"]) == (NEW, 1, True)
    assert consumer["status"]["state"] == "Synced"

    async def change(spec: dict[str, Any]) -> None:
        await scene.patch(NEW, SERVICES, NAME, {"spec": spec})

    await change({"trafficDistribution": "PreferClose"})
    found = await look.says(scene, "TrafficDistributionConflict")
    assert found["TrafficDistributionConflict"]["command"].endswith(f"-n {scene.namespace} edit service {NAME}")
    await change({"trafficDistribution": None})
    await scene.patch(OLD, SERVICES, NAME, {"spec": {"selector": None}})
    found = await look.says(scene, "NotExported")
    assert found["NotExported"]["command"].endswith(f"annotate service {NAME} {EXPORT_UNMANAGED}=true")
    await scene.patch(OLD, SERVICES, NAME, {"spec": {"selector": {"app": NAME}}})
    await scene.shows(NEW, "Synced", importedReady=2)
    assert (await look(scene))[0] == 0


async def test_an_address_that_is_not_declared_is_told_s9(scene: Scene, look: Command) -> None:
    await scene.make_service(OLD, NEW)
    await scene.put_slice(OLD, scene.pod(OLD, 1), "192.0.2.1")
    await scene.make_mcs([OLD], [NEW])
    found = await look.says(scene, conflicts.ADDRESS_FILTERED)
    assert "192.0.2.1" in found[conflicts.ADDRESS_FILTERED]["message"]
    (consumer,) = (await look(scene))[1]["consumers"]
    assert (consumer["ready"], consumer["asExported"]) == (1, True)


async def test_conflicts_are_read_from_status_event_and_command_s10(scene: Scene, look: Command) -> None:
    await scene.make_service(OLD, sessionAffinity="ClientIP", ipFamilyPolicy="PreferDualStack")
    await scene.make_service(
        NEW,
        metadata={"annotations": {conflicts.NEG: "{}"}},
        type="LoadBalancer",
        externalTrafficPolicy="Local",
        internalTrafficPolicy="Local",
        ipFamilyPolicy="SingleStack",
        publishNotReadyAddresses=True,
        ports=[{"name": "web", "port": 80}],
        sessionAffinity="ClientIP",
        sessionAffinityConfig={"clientIP": {"timeoutSeconds": 60}},
        trafficDistribution="PreferClose",
    )
    await scene.put_slice(OLD, scene.pod(OLD, 1))
    await scene.make_mcs([OLD], [NEW])
    await look.says(
        scene,
        conflicts.TYPE,
        conflicts.PORT,
        conflicts.SESSION_AFFINITY_CONFIG,
        conflicts.IP_FAMILY,
        conflicts.INTERNAL_TRAFFIC_POLICY,
        conflicts.EXTERNAL_TRAFFIC_POLICY,
        conflicts.TRAFFIC_DISTRIBUTION,
        conflicts.NOT_READY_ADDRESSES,
        conflicts.NETWORK_ENDPOINT_GROUP,
    )
    await scene.patch(NEW, SERVICES, NAME, {"spec": {"sessionAffinity": "None", "sessionAffinityConfig": None}})
    await look.says(scene, conflicts.SESSION_AFFINITY)


async def test_what_is_held_back_on_purpose_is_told_and_is_not_wrong_s1(scene: Scene, look: Command) -> None:
    await scene.make_service(OLD, NEW)
    await scene.put_slice(NEW, *scene.pods(NEW, 4))
    spec = {"from": OLD, "to": NEW, "offered": 1}
    await scene.create(HUB, SERVICE_MIGRATIONS, {"metadata": {"name": NAME}, "spec": spec})
    await scene.make_mcs([OLD, NEW], [OLD])
    offered = f"1 of 4, about 100% of new connections in {OLD}"
    await scene.shows(NEW, "Synced", offered=offered)
    code, told = await look(scene)
    assert (code, told["verdict"], told["findings"]) == (0, "Well", [])
    assert {one["cluster"]: one["offered"] for one in told["providers"]} == {OLD: "", NEW: offered}
    (consumer,) = [one for one in told["consumers"] if one["provider"] == NEW]
    assert (consumer["ready"], consumer["asExported"]) == (1, True)


async def test_an_alias_and_a_host_name_of_two_clusters_are_told_s10(scene: Scene, look: Command) -> None:
    await scene.make_service(OLD, NEW, clusterIP="None")
    for cluster in (OLD, NEW):
        await scene.put_slice(cluster, endpoints=[endpoint(scene.pod(cluster, 1), hostname="web-0")])
    await scene.make_mcs([OLD], [NEW])
    found = await look.says(scene, conflicts.HOSTNAME)
    assert found[conflicts.HOSTNAME]["command"] == f"kubectl -n {scene.namespace} edit multiclusterservice {NAME}"
    await scene.patch(NEW, SERVICES, NAME, {"spec": {"type": "ExternalName", "externalName": "x.example"}})
    await look.says(scene, "InvalidServiceType")


@pytest.mark.parametrize(
    ("namespace", "reason"), [("kube-public", "ReservedNamespace"), ("default", "ReservedService")]
)
async def test_what_is_never_joined_is_told_s14(world: World, look: Command, namespace: str, reason: str) -> None:
    scene = Scene(world, namespace, "kubernetes" if namespace == "default" else NAME)
    await scene.make_mcs([OLD], [NEW])
    try:
        found = await look.says(scene, reason)
        assert found[reason]["command"] == f"kubectl -n {namespace} delete multiclusterservice {scene.name}"
    finally:
        await scene.end()


async def test_a_namespace_that_a_cluster_does_not_allow_is_told_s14(scene: Scene, look: Command) -> None:
    await scene.make_service(OLD, NEW)
    await scene.make_mcs([OLD], [NEW])
    await scene.world.join(NEW, "another-namespace")
    try:
        found = await look.says(scene, "NamespaceBarred", status="Forbidden")
        command = found["NamespaceBarred"]["command"]
        assert command.endswith(f"join {NEW} --context <its context> --namespace {scene.namespace}")
    finally:
        await scene.world.join(NEW)


async def test_a_cluster_that_is_cut_off_is_not_seen(scene: Scene, look: Command) -> None:
    await scene.make_service(OLD, NEW)
    await scene.put_slice(OLD, scene.pod(OLD, 1))
    await scene.make_mcs([OLD], [NEW])
    await scene.shows(NEW, "Synced", importedReady=1)
    await scene.world.cluster(OLD).cut(api=True)
    began = time.monotonic()
    try:
        code, told = await look(scene)
    finally:
        await scene.world.cluster(OLD).heal()
    assert time.monotonic() - began < 25
    assert code in (4, 5)  # the status may say Stale by then
    assert {(one["reason"], one["cluster"]) for one in told["findings"]} >= {("NotSeen", OLD)}
    assert (told["readyEndpoints"], told["consumers"][0]["asExported"], told["consumers"][0]["ready"]) == (
        None,
        None,
        1,
    )
