"""What a leaving cluster waits for, with the controller's real workers at work."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.meta import Key
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import FINALIZER, FLEET, MANAGER, SOURCE, SOURCE_CLUSTER
from landbridge.clusters.ownership import import_name, source_mark
from landbridge.kube.errors import ApiError
from landbridge.kube.store import Store
from landbridge.mcs.departure import Departures
from tests.unit.controller.rig import MCS_PATH, Rig, World, controller, moving
from tests.unit.fakes import running, settle
from tests.unit.objects import FLEET_UID, SERVICE2, cluster, mcs, slice_

pytestmark = pytest.mark.looptime

SHOP = Key("shop", "web")


@pytest.fixture
def world() -> World:
    return moving(mcs("old", "new"))


def import_(provider: str = "old", key: Key = SHOP, *, forged: bool = False) -> EndpointSlice:
    """What the fleet would have made of a slice of a provider; a forged one has the labels alone."""
    labels = {FLEET: FLEET_UID, SOURCE_CLUSTER: provider}
    copied = slice_("web-xyz", key=key)
    name = "web-forged" if forged else import_name(FLEET_UID, provider, copied)
    found = slice_(name, key=key, manager=MANAGER, labels=labels)
    marks = {} if forged else {SOURCE: source_mark(provider, copied)}
    return replace(found, metadata=replace(found.metadata, annotations=marks))


def leave(rig: Rig, name: str) -> Departures:
    """A person deletes its Secret, and everybody hears of it."""
    rig.state.clusters[name] = cluster(name, leaving=True)
    rig.router.roster_changed()
    return Departures(rig.state)


async def left(departures: Departures, name: str) -> bool:
    """Whether it may go, after some looks."""
    for _ in range(10):
        if departures.clean(name):
            return True
        await settle(1)
    return False


async def test_s11_what_nothing_explains_goes_where_it_is_proved_to_come_from_a_leaving_cluster(world: World) -> None:
    world.clusters["third"].add(SLICES, import_("old"))
    world.clusters["third"].add(SLICES, import_("new", Key("shop", "other")))
    async with controller(world) as rig:
        assert len(world.imports("third")) == 2
        departures = leave(rig, "old")
        assert await left(departures, "old")
        assert [s.metadata.labels[SOURCE_CLUSTER] for s in world.imports("third")] == ["new"]
        assert world.imports("new") == []


async def test_s11_what_appears_while_a_cluster_leaves_goes_too(world: World) -> None:
    async with controller(world) as rig:
        departures = leave(rig, "old")
        assert await left(departures, "old")
        world.clusters["third"].add(SLICES, import_("old"))
        await settle()
        assert await left(departures, "old")
        assert world.imports("third") == []


async def test_s11_labels_alone_hold_no_cluster_back_and_are_told(world: World) -> None:
    """A tenant of another member wrote them; whatever he forges, the cluster leaves."""
    forged = import_("old", forged=True)
    held = replace(forged, metadata=replace(forged.metadata, name="web-held", finalizers=("example.com/mine",)))
    for one in (forged, held):
        world.clusters["third"].add(SLICES, one)
    async with controller(world) as rig:
        departures = leave(rig, "old")
        assert await left(departures, "old")
        assert departures.strays("old") == ["third: shop/web-forged", "third: shop/web-held"]
        assert departures.strays("new") == []
        assert len(world.imports("third")) == 2


async def test_s11_a_leaving_cluster_itself_keeps_nothing_that_looks_like_ours(world: World) -> None:
    world.clusters["third"].add(SLICES, import_("old", forged=True))
    async with controller(world) as rig:
        assert await left(leave(rig, "third"), "third")
        assert world.imports("third") == []


def hold(world: World) -> str:
    """Somebody puts a finalizer on the import in `new`; gives its path."""
    (found,) = world.imports("new")
    path = SLICES.path("mcs-demo", found.metadata.name)
    body = world.clusters["new"].objects[path]
    world.clusters["new"].put(path, body | {"metadata": body["metadata"] | {"finalizers": ["example.com/keep"]}})
    return path


async def test_s11_a_leave_waits_for_what_somebodys_finalizer_holds(world: World) -> None:
    async with controller(world) as rig:
        path = hold(world)
        departures = leave(rig, "old")
        assert not await left(departures, "old")
        world.clusters["new"].remove(path)
        assert await left(departures, "old")


async def test_s7_nothing_goes_at_a_farewell_while_the_hub_is_out_of_view(world: World) -> None:
    world.clusters["third"].add(SLICES, import_("old"))
    async with controller(world) as rig:
        rig.state.current = False
        departures = leave(rig, "old")
        assert not await left(departures, "old")
        assert len(world.imports("third")) == 1


async def test_s11_a_look_at_a_leave_that_waits_costs_what_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not all slices of all clusters."""
    async with controller(world) as rig:
        hold(world)
        departures = leave(rig, "old")
        assert not await left(departures, "old")
        passes: list[Store[EndpointSlice]] = []
        original = Store[EndpointSlice].__iter__

        def counted(store: Store[EndpointSlice]) -> Iterator[EndpointSlice]:
            passes.append(store)
            return original(store)

        monkeypatch.setattr(Store, "__iter__", counted)
        assert not await left(departures, "old")
        assert passes == []


async def change_all_the_time(world: World) -> None:
    """`service2` gets another endpoint in old, ten times a second."""
    for number in itertools.count(1):
        world.clusters["old"].add(SLICES, slice_("a", f"10.1.0.{number % 250}"))
        await asyncio.sleep(0.1)


async def test_s11_a_service_that_changes_all_the_time_holds_no_other_provider_back(world: World) -> None:
    world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old third", "new"))
    async with controller(world) as rig:
        world.clusters["new"].pause = 0.5
        async with running(change_all_the_time(world)):
            await settle(3)
            assert await left(leave(rig, "third"), "third")


async def test_s11_what_fails_for_another_reason_holds_no_provider_back(world: World) -> None:
    world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old third", "new"))

    def fail(method: str, path: str) -> None:
        if method == "PUT":
            raise ApiError(500, "InternalError", "failed calling webhook")

    async with controller(world) as rig:
        world.clusters["new"].before = fail
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.9"))
        await settle(3)
        assert rig.state.members["new"].failed
        assert await left(leave(rig, "third"), "third")


async def test_s11_a_write_without_an_answer_in_the_leaving_cluster_is_waited_for(world: World) -> None:
    async with controller(world) as rig:
        departures = leave(rig, "new")
        await settle(1)
        rig.state.members["new"].failed[SERVICE2] = "no answer"
        assert not await left(departures, "new")
        rig.state.members["new"].failed.clear()
        assert await left(departures, "new")


async def test_s11_a_cluster_that_leaves_again_waits_again_for_what_was_decided_before(world: World) -> None:
    async with controller(world) as rig:
        departures = leave(rig, "third")
        assert await left(departures, "third")
        departures.forget("third")
        await settle(60)
        slow = world.clusters["new"].delay = asyncio.Event()
        world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old third", "new"))
        world.clusters["old"].add(SLICES, slice_("b", "10.1.0.9"))
        await settle(1)
        assert not await left(departures, "third")
        slow.set()
        await settle(1)
        assert await left(departures, "third")


async def test_s11_the_last_look_is_at_everything(world: World) -> None:
    """An old leader wrote once more, where nothing was at the first look."""
    async with controller(world) as rig:
        path = hold(world)
        departures = leave(rig, "old")
        assert not await left(departures, "old")
        late = import_("old")
        held = replace(late, metadata=replace(late.metadata, finalizers=("example.com/keep",)))
        world.clusters["third"].add(SLICES, held)
        world.clusters["new"].remove(path)
        assert not await left(departures, "old")
        world.clusters["third"].take(SLICES, held.metadata.key)
        assert await left(departures, "old")


async def test_s11_a_leave_waits_for_a_cluster_that_may_answer_in_a_moment(world: World) -> None:
    async with controller(world, engaged=["old", "new"]) as rig:
        departures = leave(rig, "old")
        rig.engage("third")
        assert not await left(departures, "old")
        del rig.state.members["third"]
        assert await left(departures, "old")


async def test_s11_what_a_multi_cluster_service_no_longer_explains_is_no_obstacle(world: World) -> None:
    """Its finalizer was taken off by hand."""
    async with controller(world) as rig:
        body = world.hub.objects[MCS_PATH]
        assert body["metadata"]["finalizers"] == [FINALIZER]
        world.hub.remove(MCS_PATH)
        await settle(1)
        assert len(world.imports("new")) == 1
        assert await left(leave(rig, "old"), "old")
        assert world.imports("new") == []
        assert not rig.state.explains("new", SERVICE2)
