"""What nobody wants any more goes, and leaves nothing behind: rule S11."""

from __future__ import annotations

from collections.abc import Mapping

from landbridge.api.core import SECRETS
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.names import FINALIZER, SYSTEM_NAMESPACE
from landbridge.fleet import record
from landbridge.fleet.cluster import PREFIX
from tests.api.controller_process import ControllerProcess
from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, HUB, NEW, OLD


async def _joined_all_ways(scene: Scene) -> dict[str, str]:
    """Each cluster provides one pod to the two others."""
    await scene.make_service(*CLUSTERS)
    pods = {cluster: scene.pod(cluster, 1) for cluster in CLUSTERS}
    for cluster, pod in pods.items():
        await scene.put_slice(cluster, pod)
    await scene.make_mcs(CLUSTERS, CLUSTERS)
    for cluster in CLUSTERS:
        await scene.arrives(cluster, *(pods[other] for other in CLUSTERS if other != cluster))
    return pods


async def test_the_finalizer_is_there_before_the_first_import_s11(scene: Scene) -> None:
    await _joined_all_ways(scene)
    mcs = await scene.mcs()
    assert mcs["metadata"]["finalizers"] == [FINALIZER]


async def test_a_deleted_multiclusterservice_leaves_nothing_s11(scene: Scene) -> None:
    await scene.make_service(*CLUSTERS)
    for cluster in CLUSTERS:
        await scene.put_slice(cluster, scene.pod(cluster, 1))
    before = {cluster: await scene.slices(cluster) for cluster in CLUSTERS}
    await scene.make_mcs(CLUSTERS, CLUSTERS)
    for cluster in CLUSTERS:
        await scene.holds(cluster, 2)
    await scene.delete_mcs()
    await scene.mcs_gone()
    assert {cluster: await scene.slices(cluster) for cluster in CLUSTERS} == before


async def test_an_unlisted_consumer_loses_its_imports_s11(scene: Scene) -> None:
    pods = await _joined_all_ways(scene)
    await scene.change_mcs(CLUSTERS, [HUB, OLD])
    await scene.holds(NEW, 0)
    await scene.arrives(OLD, pods[HUB], pods[NEW])
    await scene.shows(NEW, "Synced", roles=["Provider"])


async def test_an_unlisted_provider_is_imported_nowhere_s11(scene: Scene) -> None:
    pods = await _joined_all_ways(scene)
    await scene.change_mcs([HUB, NEW], CLUSTERS)
    await scene.arrives(NEW, pods[HUB])
    await scene.arrives(HUB, pods[NEW])
    await scene.arrives(OLD, pods[HUB], pods[NEW])


async def test_a_cluster_named_nowhere_any_more_has_no_row_s11(scene: Scene) -> None:
    await _joined_all_ways(scene)
    await scene.change_mcs([OLD, NEW], [OLD, NEW])
    await scene.holds(HUB, 0)
    await eventually(lambda: scene.row(HUB), lambda row: not row)


async def test_a_cluster_that_leaves_holds_and_gives_nothing_s11(scene: Scene) -> None:
    """The hub is that cluster: its namespace stays, for which another one would need six seconds."""
    pods = await _joined_all_ways(scene)
    await scene.world.leave(HUB)
    try:
        assert [found["metadata"]["name"] for found in await scene.slices(HUB)] == ["web-abcde"]
        assert await scene.imported(OLD) == [pods[NEW]]
        assert await scene.imported(NEW) == [pods[OLD]]
        await scene.shows(HUB, "NoCluster")
    finally:
        await scene.world.join(HUB)
    await scene.arrives(HUB, pods[OLD], pods[NEW])
    await scene.arrives(OLD, pods[HUB], pods[NEW])


async def test_a_cluster_whose_secret_was_pruned_leaves_and_leaves_nothing_s11(
    scene: Scene, controller: ControllerProcess
) -> None:
    """Its finalizer went with it, so no controller has said farewell, and everybody keeps what he has."""
    pods, world = await _joined_all_ways(scene), scene.world
    await controller.end()
    secret = ObjectMeta(f"{PREFIX}{HUB}", SYSTEM_NAMESPACE)
    await world.hub.merge_patch(SECRETS, secret, {"metadata": {"finalizers": None}})
    await world.hub.delete(SECRETS, secret)
    await controller.start()
    try:
        await scene.shows(HUB, "NoCluster")
        assert await scene.imported(HUB) == sorted([pods[OLD], pods[NEW]])
        assert await scene.imported(NEW) == sorted([pods[HUB], pods[OLD]])
        await world.leave(HUB)
        assert await scene.imports(HUB) == []
        await scene.arrives(OLD, pods[NEW])
        await scene.arrives(NEW, pods[OLD])
        assert HUB not in (await record.load(world.hub)).members
    finally:
        await world.join(HUB)
    await scene.arrives(HUB, pods[OLD], pods[NEW])


async def test_what_a_cluster_holds_that_is_away_is_a_debt_paid_on_return_s11(scene: Scene) -> None:
    pods = await _joined_all_ways(scene)
    away = scene.world.cluster(NEW)
    await away.cut(api=True)
    try:
        await scene.shows(NEW, "Stale")
        await scene.delete_mcs()
        await scene.mcs_gone()
        assert await scene.imports(OLD) == []
        assert await scene.imported(NEW) == sorted([pods[HUB], pods[OLD]])
        assert scene.key in (await _debts(scene))[NEW]
    finally:
        await away.heal()
    await scene.holds(NEW, 0)
    await eventually(lambda: _debts(scene), lambda debts: not debts)


async def _debts(scene: Scene) -> Mapping[str, frozenset[Key]]:
    return (await record.load(scene.world.hub)).debts
