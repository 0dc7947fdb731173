"""`landbridge service` says what is so, of clusters at work (the command's half of each report: S4, S10, S14)."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from landbridge.api.core import SERVICES
from landbridge.api.names import EXPORT_UNMANAGED
from landbridge.cli.service import service
from tests.api.scene import NAME, Scene
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

    async def says(self, scene: Scene, reason: str, cluster: str) -> Any:
        """The finding, of one that is wrong."""
        code, told = await self(scene)
        assert (code, told["verdict"]) == (5, "Wrong")
        (found,) = [one for one in told["findings"] if (one["reason"], one["cluster"]) == (reason, cluster)]
        assert found["command"]
        return found


@pytest.fixture
def look(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


async def test_all_is_well_and_then_each_thing_that_is_not_is_told(scene: Scene, look: Command) -> None:
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

    await change({"trafficDistribution": "PreferClose"})  # S4
    found = await look.says(scene, "TrafficDistributionConflict", NEW)
    assert found["command"] == f"kubectl --context {NEW} -n {scene.namespace} edit service {NAME}"
    await change({"trafficDistribution": None, "internalTrafficPolicy": "Local"})  # S10
    await look.says(scene, "InternalTrafficPolicyConflict", NEW)
    await change({"internalTrafficPolicy": "Cluster"})
    await scene.patch(OLD, SERVICES, NAME, {"spec": {"selector": None}})
    found = await look.says(scene, "NotExported", OLD)
    assert found["command"].endswith(f"annotate service {NAME} {EXPORT_UNMANAGED}=true")
    await scene.patch(OLD, SERVICES, NAME, {"spec": {"selector": {"app": NAME}}})
    await scene.shows(NEW, "Synced", importedReady=2)
    assert (await look(scene))[0] == 0


@pytest.mark.parametrize(
    ("namespace", "reason"), [("kube-public", "ReservedNamespace"), ("default", "ReservedService")]
)
async def test_what_is_never_joined_is_told_s14(world: World, look: Command, namespace: str, reason: str) -> None:
    scene = Scene(world, namespace, "kubernetes" if namespace == "default" else NAME)
    await scene.make_mcs([OLD], [NEW])
    try:
        found = await look.says(scene, reason, OLD)
        assert found["command"] == f"kubectl -n {namespace} delete multiclusterservice {scene.name}"
    finally:
        await scene.end()


async def test_a_namespace_that_a_cluster_does_not_allow_is_told_s14(scene: Scene, look: Command) -> None:
    await scene.make_service(OLD, NEW)
    await scene.make_mcs([OLD], [NEW])
    await scene.world.join(NEW, "another-namespace")
    try:
        found = await look.says(scene, "NamespaceBarred", NEW)
        assert found["command"].endswith(f"fleet join {NEW} --context <its context> --namespace {scene.namespace}")
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
