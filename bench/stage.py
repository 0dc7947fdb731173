"""What every measure starts from: Services with slices in both members, and the controller at work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from ipaddress import IPv4Network

from bench.load import Namespace
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, MultiClusterService
from tests.api.waiting import eventually
from tests.api.world import HUB, NEW, OLD, World

ENDPOINTS = 10
"""In each slice, unless that is what varies."""

MEMBERS = (OLD, NEW)
PATIENCE = 120.0


async def stage(world: World, name: str, services: Sequence[str], endpoints: int = ENDPOINTS) -> dict[str, Namespace]:
    """A namespace in all clusters, with these Services and their slices in the members; gives those of the members."""
    await _namespace(world, HUB, name).make(())
    made = {cluster: _namespace(world, cluster, name) for cluster in MEMBERS}
    for one in made.values():
        await one.make(services)
        await one.make_slices(services, endpoints)
    return made


def _namespace(world: World, cluster: str, name: str) -> Namespace:
    return Namespace(world.admins[cluster], IPv4Network(world.cluster(cluster).pod_cidr), name)


async def settled(world: World) -> None:
    """Wait until every MultiClusterService says that all is as it should be: nothing is under way any more."""
    found = partial(world.hub.list, MULTI_CLUSTER_SERVICES)
    await eventually(found, lambda listing: all(map(_ready, listing.items)), PATIENCE)


def _ready(mcs: MultiClusterService) -> bool:
    conditions = mcs.status.conditions if mcs.status else ()
    return any(condition.type == "Ready" and condition.status == "True" for condition in conditions)


async def writes(world: World) -> float:
    """Writes of imports that the controller counted so far."""
    return await world.controller.metric("landbridge_import_writes_total")


async def acknowledged(write: Awaitable[object]) -> float:
    """When it was."""
    await write
    return asyncio.get_running_loop().time()


async def by_the_clock(starts: Sequence[float], start: Callable[[int], Coroutine[None, None, None]]) -> float:
    """Start things at these times, whether the earlier ones are done or not; gives the seconds until all are."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    async with asyncio.TaskGroup() as tasks:
        for index, offset in enumerate(starts):
            await asyncio.sleep(max(0.0, begin + offset - loop.time()))
            tasks.create_task(start(index))
    return loop.time() - begin


async def came_true(condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Wait until it is so; whether it came to be."""
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while not condition():
        if loop.time() > end:
            return False
        await asyncio.sleep(0.01)
    return True
