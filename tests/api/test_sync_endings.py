"""What holds an end up is waited for, and told: rule S11."""

from __future__ import annotations

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import FINALIZER, FLEET, MANAGED_BY, MANAGER, SERVICE_NAME, SOURCE, SOURCE_CLUSTER
from landbridge.clusters.ownership import import_name
from landbridge.enroll.leave import leave
from landbridge.fleet import record
from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, HUB, NEW, OLD

THEIRS = "example.com/keep"


async def _joined(scene: Scene) -> str:
    """NEW imports one pod of OLD; gives the import's name."""
    await scene.make_service(*CLUSTERS)
    await scene.put_slice(OLD, scene.pod(OLD, 1))
    await scene.make_mcs([OLD], [NEW])
    name: str = (await scene.only_import(NEW, scene.pod(OLD, 1)))["metadata"]["name"]
    return name


async def _hold(scene: Scene, name: str, *finalizers: str) -> None:
    await scene.patch(NEW, SLICES, name, {"metadata": {"finalizers": list(finalizers)}})


async def test_an_import_that_somebodys_finalizer_holds_is_waited_for_and_named_s11(scene: Scene) -> None:
    name = await _joined(scene)
    await scene.shows(NEW, "Synced")
    await _hold(scene, name, THEIRS)
    await scene.delete_mcs()
    ready = await eventually(lambda: scene.condition("Ready"), lambda found: found["reason"] == "Ending")
    assert ready["status"] == "False"
    assert f"{NEW}: import {name} held by finalizer {THEIRS}" in ready["message"]
    assert f"kubectl --context {NEW} -n {scene.namespace} get endpointslice {name}" in ready["message"]
    await scene.shows(NEW, "Pending")
    await scene.world.controller.end()
    await scene.world.controller.start()
    assert (await scene.mcs())["metadata"]["finalizers"] == [FINALIZER]
    await _hold(scene, name)
    await scene.mcs_gone()
    assert await scene.imports(NEW) == []


async def test_what_an_old_leader_writes_again_after_an_end_goes_again_s12(scene: Scene) -> None:
    name = await _joined(scene)
    import_ = await scene.read(NEW, SLICES, name)
    assert import_
    await scene.delete_mcs()
    await scene.mcs_gone()
    meta = {part: import_["metadata"][part] for part in ("name", "labels", "annotations")}
    for cluster in CLUSTERS:
        await scene.create(cluster, SLICES, {**import_, "metadata": meta})
    for cluster in CLUSTERS:
        await scene.holds(cluster, 0)


async def _put_unexplained(scene: Scene, fleet: str, name: str, annotations: dict[str, str]) -> None:
    labels = {SERVICE_NAME: "other", MANAGED_BY: MANAGER, FLEET: fleet, SOURCE_CLUSTER: HUB}
    meta = {"name": name, "labels": labels, "annotations": annotations}
    await scene.create(NEW, SLICES, {"metadata": meta, "addressType": "IPv4", "endpoints": []})


async def test_a_leave_takes_along_what_nothing_explains_and_waits_for_no_label_s11(scene: Scene) -> None:
    """The hub is that cluster: its namespace stays, for which another one would need six seconds."""
    world = scene.world
    fleet = (await record.load(world.hub)).uid
    copied = EndpointSlice(ObjectMeta("other-abcde", labels={SERVICE_NAME: "other"}), "IPv4")
    proved = import_name(fleet, HUB, copied)
    await _put_unexplained(scene, fleet, proved, {SOURCE: f"{HUB}/other-abcde"})
    await _put_unexplained(scene, fleet, "forged", {})
    said: list[str] = []
    before = len(world.controller.said())
    try:
        await leave(world.hub, world.admins[HUB], HUB, said.append)
        assert [found["metadata"]["name"] for found in await scene.imports(NEW)] == ["forged"]
        assert "SourceLeft" in world.controller.said(before)
        (line,) = [line for line in said if "only labels" in line]
        assert f"1 slice in {NEW} that only labels call imports from {HUB}: {scene.namespace}/forged" in line
    finally:
        await world.join(HUB)
        await scene.delete_slice(NEW, "forged")
