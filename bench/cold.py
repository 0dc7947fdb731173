"""Everything at once: from the first MultiClusterService to the last import."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from bench.figures import rate
from bench.load import Namespace, make_mcs
from bench.propagation import PLAIN
from bench.sight import sight
from bench.stage import ENDPOINTS, MEMBERS, came_true, stage
from landbridge.api.discovery import EndpointSlice
from tests.api.world import World

NAME = "cold"


@dataclass(frozen=True)
class ColdStart:
    """What was measured."""

    services: int
    imports: int
    seconds_to_create: float
    """From the first MultiClusterService to the last: what comes before an import, on the hub."""
    seconds: float
    imports_per_second: float
    plain_creates_per_second: float
    """What a plain client creates in the same two clusters, with nothing else going on."""
    ratio: float
    cpu_ms_per_import: float
    """Of the controller."""
    resident_mb: float
    """Of the controller, at the end."""


async def cold_start(world: World, count: int) -> ColdStart:
    """Slices are there; MultiClusterServices are made as fast as the hub takes them."""
    services = [f"web-{number}" for number in range(count)]
    plain = await _plain_creates(await stage(world, NAME, services), services)
    imports: set[tuple[str, str]] = set()
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        for cluster in MEMBERS:
            await stack.enter_async_context(sight(world.admins[cluster], NAME, partial(_take, imports, cluster)))
        cpu, start = world.controller.cpu_seconds(), loop.time()
        await make_mcs(world.hub, NAME, services, MEMBERS)
        created = loop.time() - start
        await came_true(lambda: len(imports) == count * len(MEMBERS))
        seconds, cpu = loop.time() - start, world.controller.cpu_seconds() - cpu
    return ColdStart(
        services=count,
        imports=len(imports),
        seconds_to_create=created,
        seconds=seconds,
        imports_per_second=rate(len(imports), seconds),
        plain_creates_per_second=plain,
        ratio=rate(len(imports), seconds) / plain,
        cpu_ms_per_import=1000 * cpu / len(imports),
        resident_mb=world.controller.resident_bytes() / 1e6,
    )


def _take(imports: set[tuple[str, str]], cluster: str, slice_: EndpointSlice, _: float) -> None:
    imports.add((cluster, slice_.metadata.name))


async def _plain_creates(spaces: Mapping[str, Namespace], services: list[str]) -> float:
    """Slices that a plain client creates each second, in all clusters at once."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with asyncio.TaskGroup() as tasks:
        for space in spaces.values():
            tasks.create_task(space.make_slices(services, ENDPOINTS, PLAIN))
    return rate(len(services) * len(spaces), loop.time() - start)
