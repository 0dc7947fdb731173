"""What the controller says of itself over HTTP."""

from __future__ import annotations

from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, HUB, NEW, OLD, World


async def test_health_and_readiness_are_told(world: World) -> None:
    assert await world.controller.get("/healthz") == (200, "ok\n")
    assert await world.controller.get("/readyz") == (200, "ok, leading\n")
    assert (await world.controller.get("/elsewhere"))[0] == 404


async def test_without_the_hub_it_is_alive_and_not_ready(world: World) -> None:
    await world.cluster(HUB).cut(api=True)
    try:
        _, why = await eventually(lambda: world.controller.get("/readyz"), lambda answer: answer[0] == 503)
        assert why.startswith("leading, but the hub is out of view: no answer from")
        assert (await world.controller.get("/healthz"))[0] == 200
    finally:
        await world.cluster(HUB).heal()
    await eventually(lambda: world.controller.get("/readyz"), lambda answer: answer[0] == 200)


async def test_endpoints_follow_while_the_hub_is_away(scene: Scene) -> None:
    """Clusters are reached directly: the hub says which Services are joined, and last said so (docs/adr/0007)."""
    await scene.make_service(OLD, NEW)
    one, two = scene.pods(OLD, 2)
    await scene.make_mcs([OLD], [NEW])
    await scene.put_slice(OLD, one)
    await scene.arrives(NEW, one)
    await scene.world.cluster(HUB).cut(api=True)
    try:
        await scene.put_slice(OLD, two)
        await scene.arrives(NEW, two)
    finally:
        await scene.world.cluster(HUB).heal()


async def test_metrics_count_writes_imports_and_clusters(scene: Scene) -> None:
    metric = scene.world.controller.metric

    async def writes(verb: str) -> float:
        return await metric("landbridge_import_writes_total", cluster=NEW, verb=verb)

    await scene.make_service(OLD, NEW)
    one, two = scene.pods(OLD, 2)
    before = {verb: await writes(verb) for verb in ("create", "update", "delete")}
    measured = await metric("landbridge_sync_duration_seconds_count", cluster=NEW)
    await scene.make_mcs([OLD], [NEW])
    await scene.put_slice(OLD, one)
    await scene.arrives(NEW, one)
    await scene.put_slice(OLD, two)
    await scene.arrives(NEW, two)
    assert await metric("landbridge_imports", cluster=NEW) == 1
    assert await metric("landbridge_unexplained_imports", cluster=NEW) == 0
    assert await metric("landbridge_leader") == 1
    assert [await metric("landbridge_cluster_live", cluster=cluster) for cluster in CLUSTERS] == [1, 1, 1]
    await scene.end()
    after = {verb: await writes(verb) for verb in before}
    assert {verb: after[verb] - before[verb] for verb in before} == {"create": 1, "update": 1, "delete": 1}
    assert await metric("landbridge_sync_duration_seconds_count", cluster=NEW) >= measured + 2
    assert await metric("landbridge_imports", cluster=NEW) == 0
