"""Forged slices, many a second, through the real workers (rule S9)."""

from __future__ import annotations

import pytest

from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key
from landbridge.mcs.pace import BURST, RATE
from tests.unit.controller.rig import World, controller, moving
from tests.unit.fakes import settle
from tests.unit.objects import mcs, slice_

pytestmark = pytest.mark.looptime

A_SECOND = 28
"""Forgeries; each lives for a second."""


@pytest.fixture
def world() -> World:
    return moving(mcs("old", "old new"))


async def forge(world: World, seconds: int, network: str) -> None:
    """Make slices in old, and delete each after a second, as its control plane does."""
    old = world.clusters["old"]
    for number in range(A_SECOND * seconds):
        old.add(SLICES, slice_(f"forged-{number}", f"{network}.{number // 256}.{number % 256}"))
        if number >= A_SECOND:
            old.take(SLICES, Key("mcs-demo", f"forged-{number - A_SECOND}"))
        await settle(1 / A_SECOND)


def creates(world: World) -> int:
    return sum(method == "POST" for method, _ in world.clusters["new"].writes)


def imported(world: World) -> list[str]:
    return [endpoint.addresses[0] for one in world.imports("new") for endpoint in one.endpoints or ()]


async def test_forged_addresses_outside_the_declared_networks_cost_no_write_s9(world: World) -> None:
    async with controller(world):
        world.forget_calls()
        await forge(world, 5, "192.0")
        assert world.clusters["new"].writes == []
        assert imported(world) == ["10.1.0.1"]


async def test_forged_addresses_inside_them_cost_a_bounded_number_of_writes_and_are_told_s9(world: World) -> None:
    async with controller(world):
        world.forget_calls()
        await forge(world, 30, "10.1")
        assert BURST <= creates(world) <= BURST + 30 * RATE + 1
        found = world.mcs()
        assert found is not None
        assert found.status is not None
        (row,) = [row for row in found.status.clusters if row.name == "new"]
        assert (row.state, "faster than 5 a second" in row.message) == ("Pending", True)
        (conflict,) = [one for one in found.status.conditions if one.type == "Conflict"]
        assert conflict.reason == "TooManyNewSlices"


async def test_what_had_to_wait_comes_by_itself_and_nothing_is_told_any_more_s9(world: World) -> None:
    async with controller(world):
        await forge(world, 10, "10.1")
        await settle(30)
        assert len(imported(world)) == 1 + A_SECOND
        found = world.mcs()
        assert found is not None
        assert found.status is not None
        assert {row.state for row in found.status.clusters} == {"Synced"}
