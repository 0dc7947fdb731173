"""A cluster that comes and goes costs few status writes; what is decided follows what is so."""

from __future__ import annotations

import pytest

from landbridge.api.core import SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.controller.flapping import LOST_REPORT_DELAY, MOST, STEADY, Flapping
from tests.unit.controller.rig import Rig, World, controller
from tests.unit.fakes import settle
from tests.unit.objects import mcs, service, slice_

pytestmark = pytest.mark.looptime


@pytest.fixture
def world() -> World:
    """`service2` moves from old to new."""
    world = World()
    world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", "old new"))
    for name in ("old", "new"):
        world.clusters[name].add(SERVICES, service())
    world.clusters["old"].add(SLICES, slice_("a", "10.1.0.1"))
    return world


def state_of_old(world: World) -> str:
    found = world.mcs()
    assert found
    assert found.status
    return next(row.state for row in found.status.clusters if row.name == "old")


async def flap(rig: Rig, seconds: float) -> None:
    """Contact is lost for the first half of the time, and won for the other."""
    rig.world.clusters["old"].cut()
    await settle(seconds / 2)
    assert not rig.state.live("old")
    rig.world.clusters["old"].heal()
    while not rig.state.live("old"):
        await settle(0.1)
    await settle(seconds / 2)


async def test_s5_a_cluster_that_flaps_costs_few_status_writes(world: World) -> None:
    async with controller(world, ["old", "new"]) as rig:
        before = world.status_writes()
        for _ in range(50):
            await flap(rig, 6)
        assert world.status_writes() - before <= 4
        assert state_of_old(world) == "Synced"


async def test_a_cluster_that_flapped_is_called_stale_within_a_minute_or_so(world: World) -> None:
    async with controller(world, ["old", "new"]) as rig:
        for _ in range(50):
            await flap(rig, 6)
        world.clusters["old"].cut()
        await settle(MOST + 1)
        assert state_of_old(world) == "Stale"


async def test_a_cluster_that_was_steady_is_reported_as_soon_as_ever(world: World) -> None:
    async with controller(world, ["old", "new"]) as rig:
        for _ in range(50):
            await flap(rig, 6)
        await settle(STEADY)
        world.clusters["old"].cut()
        await settle(LOST_REPORT_DELAY + 1)
        assert state_of_old(world) == "Stale"


async def test_one_loss_is_one_however_many_parts_of_it_are_heard() -> None:
    flapping = Flapping()
    for _ in range(3):
        flapping.lost("old")
    assert flapping.delay("old") == LOST_REPORT_DELAY
    flapping.won("old")
    flapping.lost("old")
    assert [flapping.delay("old"), flapping.delay("new")] == [LOST_REPORT_DELAY * 2, LOST_REPORT_DELAY]
