"""Many changes each second, started by the clock, whether the earlier ones have arrived or not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench.figures import Chase, Spread, rate, spaced
from bench.load import Namespace, make_mcs, number_of
from bench.propagation import PLAIN
from bench.sight import sight
from bench.stage import ENDPOINTS, MEMBERS, acknowledged, by_the_clock, came_true, settled, stage, writes
from landbridge.api.discovery import EndpointSlice
from tests.api.world import NEW, OLD, World

NAME = "churn"
LATE = 10.0
"""Seconds after the last change, after which one that was not seen is lost."""


@dataclass(frozen=True)
class Churn:
    """What was measured."""

    services: int
    asked_per_second: float
    changes_per_second: float
    changes: int
    writes: int
    merged: int
    """Changes that arrived in a later one of the same Service."""
    lost: int
    change: Spread
    """From the provider's acknowledgement until a watch of the consumer shows it, or a later one."""
    plain_put: Spread
    """As many PUTs of a plain client to the consumer, by the same clock, with nothing else going on."""
    cpu_ms_per_change: float
    """Of the controller."""


async def churn(world: World, count: int, each_second: float, seconds: float) -> Churn:
    """Change all Services in turn."""
    services = [f"web-{number}" for number in range(count)]
    starts = spaced(round(each_second * seconds), each_second)
    spaces = await stage(world, NAME, services)
    plain = await _plain_puts(spaces[NEW], services, starts)
    chase, imported = Chase(), set[str]()

    def saw(slice_: EndpointSlice, when: float) -> None:
        imported.add(slice_.service)
        chase.saw(slice_.service, number_of(slice_), when)

    async def change(index: int) -> None:
        service, number = services[index % count], 1 + index // count
        chase.acked(service, number, await acknowledged(spaces[OLD].change(service, number, ENDPOINTS)))

    async with sight(world.admins[NEW], NAME, saw):
        await make_mcs(world.hub, NAME, services, MEMBERS)
        await came_true(lambda: len(imported) == count)
        await settled(world)
        before, cpu = await writes(world), world.controller.cpu_seconds()
        taken = await by_the_clock(starts, change)
        await came_true(lambda: not chase.lost, LATE)
        cpu = world.controller.cpu_seconds() - cpu
    return Churn(
        services=count,
        asked_per_second=each_second,
        changes_per_second=rate(len(starts), taken),
        changes=len(starts),
        writes=round(await writes(world) - before),
        merged=chase.merged,
        lost=chase.lost,
        change=Spread.of(chase.seconds),
        plain_put=Spread.of(plain),
        cpu_ms_per_change=1000 * cpu / len(starts),
    )


async def _plain_puts(space: Namespace, services: list[str], starts: list[float]) -> list[float]:
    """Seconds that each took."""
    await space.make_slices(services, ENDPOINTS, PLAIN)
    taken = list[float]()

    async def put(index: int) -> None:
        start = asyncio.get_running_loop().time()
        change = space.change(services[index % len(services)], 1 + index // len(services), ENDPOINTS, PLAIN)
        taken.append(await acknowledged(change) - start)

    await by_the_clock(starts, put)
    return taken
