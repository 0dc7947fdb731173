"""A changed address or CA is tried beside what works (rule S8)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from landbridge.api.core import NAMESPACES, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.clusters import engagement as engage
from landbridge.clusters.engagement import Engagement
from landbridge.clusters.member import Member
from landbridge.fleet.stores import secret_store
from landbridge.fleet.tokens import TokenError
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.patience import Patience
from tests.unit.clusters.engaged import engaging, gauge, leave, path, readdress, row
from tests.unit.controller.rig import Rig, World
from tests.unit.fakes import settle
from tests.unit.objects import cluster, service, slice_

pytestmark = pytest.mark.looptime


async def test_s8_an_address_that_does_not_work_blinds_no_healthy_cluster(world: World) -> None:
    async with engaging(world) as rig:
        before = rig.state.members["old"]
        world.clusters["third"].cut()
        readdress(world, "https://third:6443")
        await settle(60)
        assert rig.state.members["old"] is before
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.2"))
        await settle(1)
        assert [e.addresses for s in world.imports("new") for e in s.endpoints or ()] == [("10.1.0.2",)]
        assert row(world, "old").state == "Synced"
        assert row(world, "old").message == "new address or CA not usable yet: the line is cut"
        readdress(world, "https://old:6443")
        await settle(5)
        assert rig.state.members["old"] is before
        assert row(world, "old").message == ""


async def test_s8_a_new_address_takes_over_when_everything_is_in_view_there(world: World) -> None:
    async with engaging(world) as rig:
        before, since = rig.state.members["old"], rig.state.members["old"].since
        world.clusters["third"].add(SERVICES, service())
        world.clusters["third"].add(SLICES, slice_("a", "10.1.0.1"))
        world.clusters["third"].cut(NAMESPACES)
        readdress(world, "https://third:6443")
        await settle(30)
        assert rig.state.members["old"] is before
        world.clusters["third"].heal()
        await settle(60)
        assert rig.state.members["old"].api.server == "https://third:6443"
        assert rig.state.members["old"].since == since
        assert gauge("landbridge_cluster_live") == 1
        assert row(world, "old").state == "Synced"
        world.clusters["third"].add(SLICES, slice_("a", "10.1.0.2"))
        await settle(1)
        assert [e.addresses for s in world.imports("new") for e in s.endpoints or ()] == [("10.1.0.2",)]


async def test_s8_a_right_address_is_no_moment_of_blindness_and_no_news(world: World) -> None:
    async with engaging(world) as rig:
        written = world.status_writes()
        world.clusters["third"].add(SERVICES, service())
        world.clusters["third"].add(SLICES, slice_("a", "10.1.0.1"))
        readdress(world, "https://third:6443")
        await settle(30)
        assert rig.state.members["old"].api.server == "https://third:6443"
        assert world.status_writes() == written


async def test_s8_the_cluster_is_in_view_at_every_moment_and_has_one_writer_at_most(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_imports, writers, most = Rig.keep_imports, 0, 0

    async def slow_to_end(rig: Rig, member: Member) -> None:
        nonlocal writers, most
        writers += member.name == "old"
        most = max(most, writers)
        try:
            await keep_imports(rig, member)
        finally:
            await asyncio.sleep(1)
            writers -= member.name == "old"

    monkeypatch.setattr(Rig, "keep_imports", slow_to_end)
    async with engaging(world) as rig:
        world.clusters["third"].add(SERVICES, service())
        world.clusters["third"].add(SLICES, slice_("a", "10.1.0.1"))
        readdress(world, "https://third:6443")
        lives = []
        for _ in range(50):
            await settle(0.1)
            lives.append(rig.state.live("old"))
        assert all(lives)
        assert rig.state.members["old"].api.server == "https://third:6443"
        assert (writers, most) == (1, 1)


async def test_s8_the_one_that_seeks_the_place_writes_nothing_and_is_heard_by_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engaging(world) as rig:
        heard: list[object] = []
        monkeypatch.setattr(rig.router, "member_changed", lambda member, key: heard.append(key))
        monkeypatch.setattr(rig.router, "contact_changed", lambda member, won: heard.append(won))
        world.clusters["third"].cut(NAMESPACES)
        readdress(world, "https://third:6443")
        await settle(3)
        world.clusters["third"].add(SERVICES, service())
        world.clusters["third"].add(SLICES, slice_("a", "10.1.0.9"))
        await settle(3)
        world.clusters["third"].cut()
        await settle(3)
        assert heard == []
        assert world.clusters["third"].writes == []
        assert rig.state.live("old")


async def test_s8_of_several_new_addresses_the_last_one_counts(world: World) -> None:
    async with engaging(world) as rig:
        world.clusters["new"].cut()
        readdress(world, "https://new:6443")
        await settle(20)
        readdress(world, "https://third:6443")
        await settle(20)
        assert rig.state.members["old"].api.server == "https://third:6443"
        assert rig.state.successors == {}


async def test_s8_a_token_is_not_stored_beside_an_address_that_it_is_not_for(world: World) -> None:
    rig = Rig(world)
    engagement = Engagement(rig.state, world.hub, cluster("old"), rig.router, lambda member: rig.keep_imports(member))
    stored = secret_store(world.hub, engagement.stored)
    engagement.update(replace(cluster("old"), config=ServerConfig("https://third:6443", ca=None)))
    with pytest.raises(TokenError):
        await stored("renewed")
    assert world.hub.writes == []


async def test_s11_a_cluster_leaves_though_its_new_address_does_not_work(world: World) -> None:
    async with engaging(world) as rig:
        world.clusters["third"].cut()
        readdress(world, "https://third:6443")
        await settle(10)
        leave(world, "old")
        await settle(10)
        assert world.imports("new") == []
        assert path("old") not in world.hub.objects
        assert rig.state.members.keys() == {"new"}
        assert rig.state.successors == {}


async def test_s15_a_new_ca_that_nobody_can_read_is_no_trouble_of_the_connection(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect: Callable[..., Api] = vars(engage)["Api"]

    def fails(config: ServerConfig, token: StaticToken, patience: Patience) -> Api:
        if config.server == "https://third:6443":
            raise RecursionError("nested too deep")
        return connect(config, token, patience)

    async with engaging(world) as rig:
        monkeypatch.setattr(engage, "Api", fails)
        before = rig.state.members["old"]
        readdress(world, "https://third:6443")
        await settle(60)
        assert rig.state.members["old"] is before
        assert rig.state.failures == {}
        assert "nested too deep" in row(world, "old").message
