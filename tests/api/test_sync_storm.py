"""Rollouts, and a person who deletes imports meanwhile: a cache that is fed by watches and answers stays right (S7)."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncGenerator, Sequence

import pytest

from landbridge.api.discovery import SLICES
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import SERVICE_NAME
from landbridge.kube.errors import NotFoundError
from tests.api.scene import Body, Scene, addresses
from tests.api.waiting import eventually
from tests.api.world import NEW, OLD

STORM_SECONDS = float(os.environ.get("STORM_SECONDS", "5"))
"""How long it lasts; longer by hand: `STORM_SECONDS=20 pytest -s tests/api/test_sync_storm.py`."""

SERVICES = 12
RIGHT = 1.0
"""Seconds from the last deletion until everything is right."""


@pytest.fixture
async def services(scene: Scene) -> AsyncGenerator[list[Scene]]:
    """Services of one namespace that a consumer imports."""
    services = [Scene(scene.world, scene.namespace, f"web-{number}") for number in range(SERVICES)]
    for service in services:
        await service.make_service(OLD, NEW)
        await service.make_mcs([OLD], [NEW])
        await service.put_slice(OLD, scene.pod(OLD, 1), name=f"{service.name}-0")
    await eventually(lambda: _wrong(scene), lambda wrong: not wrong)
    yield services
    for service in services:
        await service.delete_mcs()
    for service in services:
        await service.mcs_gone()


@pytest.mark.timeout(300 + STORM_SECONDS)
async def test_after_rollouts_and_deleted_imports_no_service_is_without_s7(scene: Scene, services: list[Scene]) -> None:
    """Fault A1, ghost imports."""
    loop = asyncio.get_running_loop()
    end = loop.time() + STORM_SECONDS
    rollouts = [asyncio.create_task(_roll_out(service, end)) for service in services]
    deleted = await _delete_imports(scene, end)
    last = loop.time()
    await asyncio.gather(*rollouts)
    await eventually(lambda: _wrong(scene), lambda wrong: not wrong, last + RIGHT - loop.time())
    print(f"{deleted} imports deleted in {STORM_SECONDS:g} s; all was right {loop.time() - last:.2f} s after the last")
    assert deleted > STORM_SECONDS, "that was no storm"


async def _roll_out(service: Scene, end: float) -> None:
    """Slices replace each other, now and then under the same name; there is always one."""
    draw, before, round_ = random.Random(service.name), f"{service.name}-0", 0
    while asyncio.get_running_loop().time() < end:
        round_ += 1
        name = before if draw.random() < 0.3 else f"{service.name}-{round_}"
        await service.put_slice(OLD, *draw.sample(service.pods(OLD, 50), draw.randint(1, 5)), name=name)
        if name != before:
            await service.delete_slice(OLD, before)
        before = name
        await asyncio.sleep(draw.uniform(0.05, 0.5))


async def _delete_imports(scene: Scene, end: float) -> int:
    """Delete one at a time, as a person or a garbage collector does; gives how many."""
    draw, deleted, api = random.Random(1), 0, scene.world.admins[NEW]
    while asyncio.get_running_loop().time() < end:
        for one in draw.sample(found := await scene.imports(NEW), min(1, len(found))):
            try:
                await api.delete(SLICES, ObjectMeta(one["metadata"]["name"], scene.namespace))
                deleted += 1
            except NotFoundError:  # a rollout was faster
                pass
        await asyncio.sleep(draw.uniform(0.0, 0.15))
    return deleted


async def _wrong(scene: Scene) -> dict[str, tuple[Counter[str], Counter[str]]]:
    """What each Service should have in the consumer, and has, where they differ."""
    wanted, found = _by_service(await scene.slices(OLD)), _by_service(await scene.imports(NEW))
    return {
        name: (wanted.get(name, Counter()), found.get(name, Counter()))
        for name in wanted.keys() | found.keys()
        if wanted.get(name) != found.get(name)
    }


def _by_service(slices: Sequence[Body]) -> dict[str, Counter[str]]:
    services = {one["metadata"]["labels"][SERVICE_NAME] for one in slices}
    return {
        name: Counter(addresses([one for one in slices if one["metadata"]["labels"][SERVICE_NAME] == name]))
        for name in services
    }
