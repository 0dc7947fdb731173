"""MultiClusterServices that go as soon as they came, as from `kubectl apply` and `delete` in one script."""

from __future__ import annotations

import asyncio
import random

from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import NEW, OLD

SERVICES = 30
ROUNDS = 3


async def test_s11_a_multi_cluster_service_deleted_as_it_gets_our_finalizer_leaves_nothing(scene: Scene) -> None:
    """The API server that had read it before deletes it with the finalizer on: no end of it can be waited for."""
    draw = random.Random(3)
    scenes = [Scene(scene.world, scene.namespace, f"s{number}") for number in range(SERVICES)]
    for number, one in enumerate(scenes):
        await one.make_service(NEW, OLD, clusterIP="None")
        await one.put_slice(OLD, one.pod(OLD, 1 + number), name=f"{one.name}-old")

    async def come_and_go(one: Scene) -> None:
        await asyncio.sleep(draw.uniform(0, 1))
        await one.make_mcs([OLD], [NEW])
        await asyncio.sleep(draw.uniform(0, 0.03))
        await one.delete_mcs()

    async def left() -> list[str]:
        return [one.name for one in scenes if await one.mcs()]

    for _ in range(ROUNDS):
        await asyncio.gather(*map(come_and_go, scenes))
        await eventually(left, lambda names: not names)
    await eventually(lambda: scene.imports(NEW), lambda imports: not imports)
