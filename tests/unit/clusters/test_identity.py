"""Which cluster it is that answers: its Secret says the uid of kube-system, and another's word counts for nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from landbridge.api.core import NAMESPACES, SECRETS, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.meta import Object, ObjectMeta
from landbridge.clusters.member import FIRST_LOOK
from landbridge.fleet.cluster import Cluster, cluster_secret
from landbridge.fleet.trouble import read_trouble
from landbridge.kube.config import ServerConfig
from tests.unit.clusters.engaged import engaging, path, row
from tests.unit.controller.rig import World
from tests.unit.fakes import WatchedApi, following, make_member, settle
from tests.unit.objects import cluster, service, slice_

pytestmark = pytest.mark.looptime

TOLD = (
    "another cluster answers at this address: its kube-system has uid uid-third, annotation landbridge.dev/cluster-uid "
    "of the Secret says uid-old"
)


@pytest.fixture
def world(world: World) -> World:
    """Each cluster says which it is, and the Secrets which they mean. `third` has the Service and other pods."""
    for name, api in world.clusters.items():
        is_(api, f"uid-{name}")
    for name in ("old", "new"):
        write(world, named(name))
    world.clusters["third"].add(SERVICES, service())
    world.clusters["third"].add(SLICES, slice_("b", "10.3.0.1"))
    return world


def named(name: str, uid: str = "", at: str = "") -> Cluster:
    """A member whose Secret says which cluster it means, and perhaps the address of another."""
    config = ServerConfig(f"https://{at or name}:6443", ca=None)
    return replace(cluster(name), uid=uid or f"uid-{name}", config=config)


def is_(api: WatchedApi, uid: str) -> None:
    api.add(NAMESPACES, Object(ObjectMeta("kube-system", uid=uid)))


def write(world: World, described: Cluster) -> None:
    world.hub.put(path(described.name), msgspec.json.decode(SECRETS.encode(cluster_secret(described))))


def imported(world: World) -> list[str]:
    """What `new` routes to."""
    return [a for s in world.imports("new") for e in s.endpoints or () for a in e.addresses]


async def test_s7_another_cluster_at_a_new_address_does_not_take_over(world: World) -> None:
    async with engaging(world) as rig:
        before = rig.state.members["old"]
        write(world, named("old", at="third"))
        await settle(60)
        assert rig.state.members["old"] is before
        assert before.live
        assert imported(world) == ["10.1.0.1"]
        assert world.clusters["third"].writes == []
        assert (row(world, "old").state, row(world, "old").message) == (
            "Synced",
            f"new address or CA not usable yet: {TOLD}",
        )
        write(world, named("old"))
        await settle(5)
        assert row(world, "old").message == ""


async def test_s7_another_cluster_is_not_engaged_at_a_restart_either_and_that_is_told(world: World) -> None:
    async with engaging(world):
        assert imported(world) == ["10.1.0.1"]
    write(world, named("old", at="third"))
    async with engaging(world) as rig:
        await settle(120)
        assert (rig.state.live("old"), rig.state.writable("old"), rig.state.live("new")) == (False, False, True)
        assert imported(world) == ["10.1.0.1"]
        assert world.clusters["third"].writes == []
        assert (row(world, "old").state, TOLD in row(world, "old").message) == ("Stale", True)
        word = read_trouble(world.hub.held(SECRETS)["cluster-old"].metadata)
        assert word
        assert word.text == TOLD
        write(world, named("old"))
        await settle(120)
        assert row(world, "old").state == "Synced"
        assert read_trouble(world.hub.held(SECRETS)["cluster-old"].metadata) is None


async def test_s7_nothing_is_believed_until_it_is_known_which_cluster_it_is() -> None:
    api = WatchedApi()
    is_(api, "uid-old")
    api.slow_kinds[NAMESPACES.path()] = last = asyncio.Event()
    member = make_member(named("old"), api)
    async with following(member):
        await settle(1)
        assert (member.live, member.writable, member.connecting, member.another) == (False, False, True, "")
        last.set()
        await settle(1)
        assert (member.live, member.writable) == (True, True)


async def test_s7_a_cluster_that_never_says_which_it_is_counts_as_lost() -> None:
    api = WatchedApi()
    api.cut(NAMESPACES)
    member = make_member(named("old"), api)
    async with following(member):
        await settle(FIRST_LOOK + 1)
        assert (member.live, member.connecting, member.trouble) == (False, False, "the line is cut")
        api.heal()
        is_(api, "uid-old")
        await settle(60)
        assert member.live
        api.cut(NAMESPACES)
        await settle(60)
        assert member.live


async def test_s7_an_address_that_leads_to_another_cluster_by_now_says_nothing_any_more(world: World) -> None:
    """As with a name that was given to the next one."""
    async with engaging(world) as rig:
        is_(world.clusters["old"], "uid-third")
        await settle(5)
        assert not rig.state.live("old")
        assert (row(world, "old").state, TOLD in row(world, "old").message) == ("Stale", True)
        world.clusters["old"].take(SLICES, slice_("a").metadata.key)
        world.clusters["old"].add(SLICES, slice_("c", "10.9.0.9"))
        await settle(5)
        assert imported(world) == ["10.1.0.1"]


async def test_s7_a_secret_that_means_another_cluster_by_now_is_heeded_where_nothing_was_proved(world: World) -> None:
    write(world, named("old", uid="uid-mistyped"))
    async with engaging(world) as rig:
        assert not rig.state.live("old")
        write(world, named("old"))
        await settle(5)
        assert rig.state.live("old")
        write(world, named("old", uid="uid-mistyped"))
        await settle(5)
        assert rig.state.live("old")


async def test_s15_the_secret_of_another_member_as_a_whole_makes_no_second_one_of_that(world: World) -> None:
    async with engaging(world) as rig:
        before = rig.state.members["old"]
        write(world, named("old", uid="uid-new", at="new"))
        await settle(60)
        assert rig.state.members["old"] is before
        assert (before.live, rig.state.live("new")) == (True, True)
        assert imported(world) == ["10.1.0.1"]
        assert "it is the same cluster as new: both have uid uid-new" in row(world, "old").message


async def test_s15_a_cluster_that_is_a_member_already_is_not_engaged_under_a_second_name(world: World) -> None:
    async with engaging(world) as rig:
        write(world, named("third", uid="uid-new", at="new"))
        await settle(30)
        assert "third" not in rig.state.members
        assert "it is the same cluster as new" in rig.state.failures["third"]
        assert rig.state.live("new")
        world.hub.remove(path("new"))
        await settle(120)
        assert rig.state.live("third")
