"""With everything in place, the controller ends and starts again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench.stage import MEMBERS, settled
from tests.api.audit import Request
from tests.api.waiting import eventually
from tests.api.world import HUB, World

LATE = 2.0
"""Seconds in which a write may still come."""


@dataclass(frozen=True)
class Restart:
    """What was measured."""

    imports: int
    seconds_to_ready: float
    """From the start of the process until it leads and has the hub in view; most of it is Python's start."""
    seconds: float
    """From the start of the process until every cluster is live and nothing is left to look at."""
    writes: int
    """In all clusters; Lease and token requests are not counted."""


async def restart(world: World) -> Restart:
    """Measure it."""
    await settled(world)
    metric, loop = world.controller.metric, asyncio.get_running_loop()
    imports = await metric("landbridge_imports")
    marks = {cluster: world.audit(cluster).mark() for cluster in (HUB, *MEMBERS)}
    await world.controller.end()
    start = loop.time()
    await world.controller.start()
    ready = loop.time() - start
    await eventually(lambda: metric("landbridge_cluster_live"), lambda live: live == len(MEMBERS))
    await eventually(lambda: metric("landbridge_queue_length"), lambda length: length == 0)
    seconds = loop.time() - start
    await asyncio.sleep(LATE)
    requests = [request for cluster, mark in marks.items() for request in await world.audit(cluster).since(mark)]
    return Restart(round(imports), ready, seconds, sum(map(_counts, requests)))


def _counts(request: Request) -> bool:
    return request.writes and request.object_ref.resource not in ("leases", "serviceaccounts")
