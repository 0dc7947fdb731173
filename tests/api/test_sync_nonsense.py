"""One cluster's trouble stays there (S15): an API server that answers nonsense, and what the others notice of it."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncGenerator

import pytest

from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, HUB, NEW, OLD, World
from tests.soak.nonsense import Proxy

CHANGES, PAUSE = 20, 0.1
SEED = int(os.environ.get("NONSENSE_SEED", "1"))
"""Of what is answered; others by hand."""

RECOVERED = 30.0
"""Seconds after the nonsense; the longest pause between two tries is half of it."""


@pytest.fixture
async def proxy(world: World) -> AsyncGenerator[Proxy]:
    """The controller's way to one cluster."""
    cluster, proxy = world.cluster(OLD), Proxy(world.cluster(OLD))
    async with proxy.serving():
        await _reach(world, proxy.url)
        yield proxy
        await _reach(world, cluster.server)


async def test_a_member_that_answers_nonsense_delays_nobody_s15(scene: Scene, proxy: Proxy) -> None:
    """Faults D2 and their kind; it is provider and consumer, and all of it is there afterwards."""
    await scene.make_service(*CLUSTERS)
    one, two = scene.pods(OLD, 2)
    pods = scene.pods(HUB, CHANGES + 1)
    await scene.put_slice(OLD, one)
    await scene.put_slice(HUB, pods[0])
    await scene.make_mcs([OLD, HUB], [OLD, NEW])
    await scene.arrives(NEW, one, pods[0])
    await scene.arrives(OLD, pods[0])
    async with proxy.nonsense(random.Random(SEED)):
        await scene.put_slice(OLD, two)
        for pod in pods[1:]:
            await scene.put_slice(HUB, pod)
            await scene.arrives(NEW, one, pod, deadline=1)
            await asyncio.sleep(PAUSE)
        await eventually(lambda: scene.row(OLD), lambda row: row["state"] in ("Stale", "Pending"))
        assert await scene.imported(OLD) == [pods[0]]
        assert (await scene.row(NEW))["state"] == "Synced"
        assert (await scene.world.controller.get("/readyz"))[0] == 200
    began = asyncio.get_running_loop().time()
    await scene.arrives(NEW, two, pods[-1], deadline=RECOVERED)
    await scene.arrives(OLD, pods[-1], deadline=RECOVERED)
    for cluster in (OLD, NEW):
        await scene.shows(cluster, "Synced", message="", deadline=RECOVERED)
    print(f"recovered after {asyncio.get_running_loop().time() - began:.1f} s")


async def _reach(world: World, server: str) -> None:
    """Let the controller take another way to the cluster."""
    log = len(world.controller.said())
    await world.readdress(OLD, server)
    await eventually(lambda: _said(world, log), lambda text: server in text)
    await eventually(lambda: world.controller.metric("landbridge_cluster_live"), lambda live: live == len(CLUSTERS))


async def _said(world: World, since: int) -> str:
    return world.controller.said(since)
