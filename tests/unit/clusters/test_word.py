"""Word of trouble on a cluster's Secret."""

from __future__ import annotations

import pytest

from landbridge.api.core import SECRETS
from landbridge.api.names import TROUBLE
from landbridge.clusters.member import Member
from landbridge.clusters.word import PAUSE
from landbridge.fleet.trouble import Trouble, read_trouble
from tests.unit.clusters.engaged import engaging, path, readdress
from tests.unit.controller.rig import Rig, World
from tests.unit.fakes import settle

pytestmark = pytest.mark.looptime


def told(world: World, name: str = "old") -> Trouble | None:
    return read_trouble(world.hub.held(SECRETS)[f"cluster-{name}"].metadata)


def writes(world: World) -> int:
    return world.hub.writes.count(("PATCH", path("old")))


async def test_s15_a_failed_engagement_leaves_word_seldom_and_takes_it_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_imports, broken = Rig.keep_imports, True

    async def fails_in_old(rig: Rig, member: Member) -> None:
        if member.name == "old" and broken:
            raise RecursionError("nested too deep " * 100)
        await keep_imports(rig, member)

    monkeypatch.setattr(Rig, "keep_imports", fails_in_old)
    async with engaging(world) as rig:
        found = told(world)
        assert found
        assert "nested too deep" in found.text
        await settle(20 * PAUSE)
        assert told(world) == found
        assert writes(world) == 1
        broken = False
        await settle(3 * PAUSE)
        assert rig.state.live("old")
        assert told(world) is None
        assert told(world, "new") is None
        assert writes(world) == 2


async def test_s15_trouble_that_changes_all_the_time_costs_a_write_a_minute(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engaging(world) as rig:
        for number in range(100):
            rig.state.failures["old"] = f"{number}"
            rig.engagements.record_changed()
            await settle(PAUSE / 20)
        assert 2 <= writes(world) <= 6


async def test_s8_a_new_address_that_is_not_usable_leaves_word(world: World) -> None:
    async with engaging(world):
        world.clusters["third"].cut()
        readdress(world, "https://third:6443")
        await settle(10)
        found = told(world)
        assert found
        assert found.text == "new address or CA not usable yet: the line is cut"
        world.clusters["third"].heal()
        await settle(2 * PAUSE)
        assert told(world) is None


async def test_s15_word_of_a_controller_that_is_no_more_is_taken_back(world: World) -> None:
    secret = world.hub.objects[path("old")]
    notes = secret["metadata"]["annotations"] | {TROUBLE: "2026-01-01T00:00:00Z nested too deep"}
    world.hub.put(path("old"), secret | {"metadata": secret["metadata"] | {"annotations": notes}})
    async with engaging(world):
        await settle(2 * PAUSE)
        assert told(world) is None
