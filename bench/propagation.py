"""One change at a time: from the provider's acknowledgement until a watch of the consumer shows it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench.figures import Chase, Spread
from bench.load import make_mcs, number_of
from bench.sight import sight
from bench.stage import MEMBERS, PATIENCE, acknowledged, settled, stage
from landbridge.api.discovery import EndpointSlice
from tests.api.world import NEW, OLD, World

WEB = "web"
PLAIN = "a-plain-client"
"""Manager of the slice with which the floor is measured: nobody's business."""


@dataclass(frozen=True)
class Propagation:
    """What was measured."""

    endpoints: int
    change: Spread
    plain_put: Spread
    """One PUT of as many endpoints by a plain client to the consumer, each between two changes."""
    ratio: float
    """Of the medians."""


async def propagation(world: World, endpoints: int, samples: int) -> Propagation:
    """Change, wait until it is seen, put plainly; again and again."""
    name = f"propagation-{endpoints}"
    spaces = await stage(world, name, [WEB], endpoints)
    old, new = spaces[OLD], spaces[NEW]
    await new.make_slices([WEB], endpoints, PLAIN)
    chase, plain, arrived = Chase(), list[float](), asyncio.Event()

    def saw(slice_: EndpointSlice, when: float) -> None:
        chase.saw(WEB, number_of(slice_), when)
        arrived.set()

    async with sight(new.api, name, saw):
        await make_mcs(world.hub, name, [WEB], MEMBERS)
        await asyncio.wait_for(arrived.wait(), PATIENCE)
        await settled(world)
        for number in range(1, samples + 1):
            arrived.clear()
            chase.acked(WEB, number, await acknowledged(old.change(WEB, number, endpoints)))
            await asyncio.wait_for(arrived.wait(), PATIENCE)
            start = asyncio.get_running_loop().time()
            plain.append(await acknowledged(new.change(WEB, number, endpoints, PLAIN)) - start)
    change, put = Spread.of(chase.seconds), Spread.of(plain)
    return Propagation(endpoints, change, put, change.p50 / put.p50)
