"""What holds an end up is waited for, and told: rule S11."""

from __future__ import annotations

from landbridge.api.discovery import SLICES
from landbridge.api.names import FINALIZER
from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, NEW, OLD

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
