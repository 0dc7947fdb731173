"""Three real control planes, brought up once for all tests on this level."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import AsyncGenerator, Iterator

import pytest
from landbridge_lab import ClusterSpec, Lab

from tests.api.controller_process import ControllerProcess
from tests.api.scene import Scene
from tests.api.world import World, fleet_at_work

CLUSTERS = ("fleet", "oldcluster", "newcluster")


@pytest.fixture(scope="package")
async def lab() -> AsyncGenerator[Lab]:
    """API servers of fleet, oldcluster and newcluster on loopback ports; no nodes. Contexts have the same names."""
    name = f"t{os.getpid()}"  # test runs side by side do not meet
    async with Lab(name, [ClusterSpec(cluster) for cluster in CLUSTERS], control_plane_only=True) as lab:
        yield lab


@pytest.fixture(scope="package")
async def world(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[World]:
    """All clusters joined, and the controller at work, from its first use to the end of the run."""
    async with fleet_at_work(lab, tmp_path_factory.mktemp("controller")) as world:
        yield world


@pytest.fixture
async def controller(world: World) -> AsyncGenerator[ControllerProcess]:
    """The world's controller, which runs again after the test whatever was done to it."""
    yield world.controller
    if not world.controller.running:
        await world.controller.start()


@pytest.fixture(scope="package")
def numbers() -> Iterator[int]:
    """1, 2, 3, ..."""
    return itertools.count(1)


@pytest.fixture
async def bare(world: World, numbers: Iterator[int], request: pytest.FixtureRequest) -> AsyncGenerator[Scene]:
    """A stage with nothing on it yet. What a test joined has to go afterwards, and to leave nothing behind."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))
    scene = Scene(world, f"t{next(numbers)}-{name}"[:60].strip("-"))
    before = len(world.controller.said())
    yield scene
    print(world.controller.said(before))  # shown where the test failed
    await scene.end()


@pytest.fixture
async def scene(bare: Scene) -> Scene:
    """A stage with the namespace in every cluster."""
    await bare.make_namespace(*CLUSTERS)
    return bare
