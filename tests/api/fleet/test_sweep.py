"""Imports that nobody explains, on real API servers: swept, waiting, or removed by a person (rule S7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack
from itertools import count, starmap
from pathlib import Path

import pytest
from landbridge_lab import Lab

from landbridge.api.discovery import SLICES
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import FLEET, MANAGED_BY, MANAGER, SOURCE_CLUSTER
from landbridge.fleet import record
from landbridge.kube.api import Api
from tests.api.command import Command
from tests.api.controller_process import ControllerProcess
from tests.api.fleet.hub import forget_account
from tests.api.scene import Scene, slice_body
from tests.api.waiting import eventually
from tests.api.world import HUB, NEW, OLD, World, seen_by_admins

LOOK = 1.0
SWEEP = ("fleet", "sweep", NEW, "--context", NEW, "--hub-context", HUB)
FORMER = "former-fleet"


@pytest.fixture
async def world(own_lab: Lab, hub: Api, tmp_path: Path) -> AsyncGenerator[World]:
    """Two members, and a controller that looks every second."""
    options = ("--lease-seconds", "1", "--verbose", "--sweep-after", str(LOOK))
    controller = ControllerProcess(tmp_path / "controller.kubeconfig", tmp_path / "controller.log", options)
    async with AsyncExitStack() as stack:
        admins = await stack.enter_async_context(seen_by_admins(own_lab))
        world = World(own_lab, admins, controller, by_forwarder=False)
        await world.init()
        for name in (OLD, NEW):
            await world.join(name)
            stack.push_async_callback(forget_account, admins[name])
        stack.push_async_callback(controller.end)
        await controller.start()
        yield world


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
async def scene(world: World, numbers: Iterator[int]) -> AsyncGenerator[Scene]:
    """A stage; afterwards no cluster holds anything of it."""
    scene = Scene(world, f"sweep-{next(numbers)}")
    await scene.make_namespace(HUB, OLD, NEW)
    yield scene
    await world.hub.request("DELETE", MULTI_CLUSTER_SERVICES.path(scene.namespace))
    await eventually(lambda: _explained(scene), lambda found: not found)
    await world.admins[NEW].request("DELETE", SLICES.path(scene.namespace))


async def _explained(scene: Scene) -> int:
    return len((await scene.world.hub.list(MULTI_CLUSTER_SERVICES, scene.namespace)).items)


async def joined(scene: Scene, services: int) -> list[Scene]:
    """So many Services of `oldcluster` that `newcluster` imports."""
    scenes = [Scene(scene.world, scene.namespace, f"web{number}") for number in range(services)]

    async def join(number: int, one: Scene) -> None:
        await one.make_service(OLD, NEW)
        await one.put_slice(OLD, one.pod(OLD, number + 1), name=f"{one.name}-abcde")
        await one.make_mcs([OLD], [NEW])

    await asyncio.gather(*starmap(join, enumerate(scenes)))
    await scene.holds(NEW, services)
    return scenes


async def forgotten(scenes: list[Scene]) -> None:
    """The hub loses them while no controller looks, as by a restore from an old backup."""
    await scenes[0].world.controller.end()
    for one in scenes:
        await one.patch(HUB, MULTI_CLUSTER_SERVICES, one.name, {"metadata": {"finalizers": None}})
        await one.delete_mcs()
    await scenes[0].world.controller.start()


async def put_strays(scene: Scene, fleet: str, strays: int, service: str = "stray") -> None:
    labels = {MANAGED_BY: MANAGER, FLEET: fleet, SOURCE_CLUSTER: OLD}
    for number in range(strays):
        await scene.create(NEW, SLICES, slice_body(service, f"{service}-stray-{number}", ["10.9.9.9"], labels=labels))


async def awaiting(scene: Scene) -> float:
    return await scene.world.controller.metric("landbridge_imports_awaiting_sweep", cluster=NEW)


async def test_s7_a_few_that_nothing_explains_are_swept_and_no_other(scene: Scene) -> None:
    await joined(scene, 2)
    await put_strays(scene, (await record.load(scene.world.hub)).uid, 3)
    await scene.holds(NEW, 2)
    await asyncio.sleep(3 * LOOK)
    assert len(await scene.imports(NEW)) == 2


async def test_s7_an_emptied_hub_empties_no_cluster_until_a_person_says_so(scene: Scene, landbridge: Command) -> None:
    await forgotten(await joined(scene, 12))
    await eventually(lambda: awaiting(scene), lambda found: found == 12)
    await asyncio.sleep(3 * LOOK)
    assert len(await scene.imports(NEW)) == 12
    rows = (await landbridge.done("fleet", "list", "--hub-context", HUB, "-o", "json")).json
    (row,) = (row for row in rows if row["name"] == NEW)
    assert (row["imports"], row["unexplained"]) == (12, 12)
    assert "they wait for you; `landbridge fleet sweep newcluster --dry-run`" in row["message"]
    dry = await landbridge.done(*SWEEP, "--dry-run")
    assert "12 of 12 imports in newcluster are of Services for which the hub has no MultiClusterService" in dry.err
    assert f"{scene.namespace}/web11" in dry.out
    unsaid = await landbridge(*SWEEP)
    assert (unsaid.code, "refused (NotConfirmed)" in unsaid.err) == (3, True)
    assert len(await scene.imports(NEW)) == 12
    swept = await landbridge.done(*SWEEP, "--yes", "-o", "json")
    assert swept.json["imports"] == {"removed": 12, "changed": 0, "held": 0}
    assert await scene.imports(NEW) == []
    await eventually(lambda: awaiting(scene), lambda found: found == 0)


async def test_s7_what_comes_back_on_the_hub_was_never_touched(scene: Scene) -> None:
    scenes = await joined(scene, 12)
    before = await scene.imports(NEW)
    await forgotten(scenes)
    for one in scenes:
        await one.make_mcs([OLD], [NEW])
        await asyncio.sleep(LOOK / 2)
    await eventually(lambda: awaiting(scene), lambda found: found == 0)
    assert await scene.imports(NEW) == before


async def test_s7_a_former_fleets_imports_are_removed_by_a_persons_word_only(scene: Scene, landbridge: Command) -> None:
    (web,) = await joined(scene, 1)
    await put_strays(scene, FORMER, 13, service=web.name)
    row = await web.shows(NEW, "Conflict")
    assert f"landbridge fleet sweep newcluster --fleet {FORMER}" in row["message"]
    await asyncio.sleep(3 * LOOK)
    assert len(await scene.imports(NEW)) == 14
    assert await scene.world.controller.metric("landbridge_foreign_imports", cluster=NEW) == 13
    again = await landbridge.done("fleet", "join", NEW, "--context", NEW, "--hub-context", HUB, "--dry-run")
    assert f"13 imports of fleet {FORMER}" in again.err
    rest = await landbridge.done(*SWEEP, "--yes")
    assert "0 of 1 imports" in rest.err
    assert f"13 imports of fleet {FORMER} are there too" in rest.err
    await landbridge.done(*SWEEP, "--fleet", FORMER, "--dry-run")
    assert len(await scene.imports(NEW)) == 14
    await landbridge.done(*SWEEP, "--fleet", FORMER, "--yes")
    await web.shows(NEW, "Synced")
    (left,) = await scene.imports(NEW)
    assert left["metadata"]["labels"][FLEET] == (await record.load(scene.world.hub)).uid
