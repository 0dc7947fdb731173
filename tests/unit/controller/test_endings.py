"""What a MultiClusterService that is being deleted says, while it cannot end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from landbridge.api.core import CONFIG_MAPS
from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, Condition, MultiClusterServiceStatus
from landbridge.api.names import FINALIZER
from landbridge.controller.multicluster_services import ENDING_AFTER, STATUS_INTERVAL
from landbridge.kube.errors import ApiError, ForbiddenError
from tests.unit.controller.rig import MCS_PATH, World, controller, moving
from tests.unit.fakes import settle
from tests.unit.objects import SERVICE2, mcs, slice_

pytestmark = pytest.mark.looptime

RECORD = CONFIG_MAPS.path("landbridge-system", "landbridge-fleet")
THEIRS = "example.com/keep"


@pytest.fixture
def world() -> World:
    return moving(mcs("old", "new"))


def refusing(method: str, path_end: str = "") -> Callable[[str, str], None]:
    def refuse(asked: str, path: str) -> None:
        if asked == method and path.endswith(path_end):
            raise ForbiddenError(403, "Forbidden", f"may not {asked}")

    return refuse


def status(of: World) -> MultiClusterServiceStatus:
    found = of.mcs()
    assert found
    assert found.status
    return found.status


def ready(of: World) -> Condition:
    return next(condition for condition in status(of).conditions if condition.type == "Ready")


def states(of: World) -> dict[str, str]:
    return {row.name: row.state for row in status(of).clusters}


def hold(world: World, *finalizers: str) -> EndpointSlice:
    """Somebody puts finalizers on the import in `new`, or takes them off."""
    (import_,) = world.imports("new")
    path = SLICES.path("mcs-demo", import_.metadata.name)
    body = world.clusters["new"].objects[path]
    if body["metadata"].get("deletionTimestamp") and not finalizers:
        world.clusters["new"].remove(path)
    else:
        world.clusters["new"].put(path, body | {"metadata": body["metadata"] | {"finalizers": list(finalizers)}})
    return import_


async def test_s11_an_end_that_is_refused_says_so(world: World) -> None:
    async with controller(world):
        world.clusters["new"].before = refusing("DELETE")
        world.delete_mcs()
        await settle(5)
        found = ready(world)
        assert (found.status, found.reason) == ("False", "Ending")
        assert found.message == "new: may not DELETE"
        assert states(world) == {"old": "Synced", "new": "Forbidden"}


async def test_s11_an_end_that_fails_otherwise_says_so(world: World) -> None:
    def fail(method: str, path: str) -> None:
        if method == "DELETE":
            raise ApiError(500, "InternalError", "etcd is full")

    async with controller(world):
        world.clusters["new"].before = fail
        world.delete_mcs()
        await settle(5)
        assert ready(world).message == "new: etcd is full"
        assert states(world) == {"old": "Synced", "new": "Pending"}


async def test_s11_an_end_waits_for_an_import_that_somebodys_finalizer_holds_and_says_so(world: World) -> None:
    async with controller(world):
        name = hold(world, THEIRS).metadata.name
        world.delete_mcs()
        await settle(60)
        assert FINALIZER in (world.mcs() or mcs(finalizers=())).metadata.finalizers
        assert (ready(world).status, ready(world).reason) == ("False", "Ending")
        assert ready(world).message == (
            f"new: import {name} held by finalizer {THEIRS}, which is not ours; see: kubectl --context new -n mcs-demo "
            f"get endpointslice {name} -o yaml"
        )
        hold(world)
        await settle(1)
        assert world.mcs() is None
        assert world.debts() == {}


async def test_s11_what_somebodys_finalizer_holds_in_a_cluster_that_gets_away_is_a_debt(world: World) -> None:
    async with controller(world):
        hold(world, THEIRS)
        world.delete_mcs()
        await settle(3)
        world.clusters["new"].cut()
        await settle(5)
        assert world.mcs() is None
        assert world.debts() == {"new": {SERVICE2}}
        world.clusters["new"].heal()
        await settle(60)
        assert world.debts() == {"new": {SERVICE2}}  # until it is gone for good
        hold(world)
        await settle(60)
        assert world.debts() == {}


async def test_s11_an_end_waits_after_a_restart_for_what_somebodys_finalizer_holds(world: World) -> None:
    async with controller(world):
        hold(world, THEIRS)
        world.delete_mcs()
        await settle(5)
    world.forget_calls()
    async with controller(world):
        await settle(60)
        assert world.mcs()
        assert world.status_writes() == 0


async def test_s11_an_import_of_a_living_service_that_is_held_is_named_in_its_row(world: World) -> None:
    async with controller(world):
        hold(world, THEIRS)
        world.clusters["old"].take(SLICES, slice_("a").metadata.key)
        await settle(5)
        (row,) = [row for row in status(world).clusters if row.name == "new"]
        assert (row.state, f"held by finalizer {THEIRS}" in row.message) == ("Pending", True)


async def test_s11_an_import_that_is_held_routes_nowhere_until_it_is_wanted_again(world: World) -> None:
    async with controller(world):
        hold(world, THEIRS)
        world.clusters["old"].take(SLICES, slice_("a").metadata.key)
        await settle(60)
        assert [import_.endpoints for import_ in world.imports("new")] == [()]
        assert (
            world.clusters["new"].writes.count(("PUT", SLICES.path("mcs-demo", hold(world, THEIRS).metadata.name))) == 1
        )
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.2"))
        await settle(5)
        assert [e.addresses for s in world.imports("new") for e in s.endpoints or ()] == [("10.1.0.2",)]


async def test_s11_an_end_whose_debt_cannot_be_written_says_so(world: World) -> None:
    async with controller(world):
        world.clusters["new"].cut()
        await settle(5)
        world.hub.before = refusing("PUT", RECORD)
        world.delete_mcs()
        await settle(5)
        assert ready(world).reason == "Ending"
        assert ready(world).message == ("new: out of reach; its debt is not in the fleet's record yet: may not PUT")


async def test_s11_an_end_whose_finalizer_cannot_be_taken_off_says_so(world: World) -> None:
    async with controller(world):
        world.hub.before = refusing("PATCH", MCS_PATH)
        world.delete_mcs()
        await settle(5)
        assert (ready(world).status, ready(world).reason) == ("False", "Ending")
        assert ready(world).message == "hub: our finalizer cannot be taken off: may not PATCH"
        assert world.status_writes() <= 3
        world.hub.before = lambda method, path: None
        await settle(60)
        assert world.mcs() is None


async def test_s11_an_end_waits_for_a_cluster_that_may_answer_in_a_moment_and_says_so(world: World) -> None:
    world.clusters["third"].slow = asyncio.Event()
    world.delete_mcs()
    async with controller(world):
        await settle(3)
        assert ready(world).message == "third: it is being connected to; what it holds is not known yet"
        world.clusters["third"].slow.set()
        await settle(3)
        assert world.mcs() is None


async def test_s11_an_end_without_the_hub_in_view_says_so(world: World) -> None:
    async with controller(world) as rig:
        rig.state.current = False
        world.delete_mcs()
        await settle(5)
        assert "none is removed while the hub is not in view" in ready(world).message
        assert len(world.imports("new")) == 1


async def test_s11_what_others_hold_after_its_end_is_not_ready_either(world: World) -> None:
    world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", "new", finalizers=(FINALIZER, THEIRS)))
    async with controller(world):
        world.delete_mcs()
        await settle(5)
        assert (ready(world).status, ready(world).reason) == ("False", "Ending")
        assert f"nothing of it is left in any cluster; it is held by finalizer {THEIRS}" in ready(world).message
        assert states(world) == {"old": "Synced", "new": "Synced"}


async def test_s5_an_end_that_takes_a_moment_is_not_told(world: World) -> None:
    async with controller(world):
        world.forget_calls()
        world.clusters["new"].pause = ENDING_AFTER / 2
        world.delete_mcs()
        await settle(60)
        assert world.mcs() is None
        assert world.status_writes() == 0


async def test_s5_an_end_is_told_once_a_second_at_most_and_only_when_something_changes(world: World) -> None:
    async with controller(world) as rig:
        await settle(STATUS_INTERVAL)
        world.clusters["new"].before = refusing("DELETE")
        world.forget_calls()
        world.delete_mcs()
        await settle(60)
        assert world.status_writes() == 1
        for turn in range(100):
            rig.state.members["new"].refused[SERVICE2] = f"reason {turn}"
            rig.reconciler.queue.add(SERVICE2)
            await settle(0.1)
        assert 5 <= world.status_writes() <= 12


async def ended(world: World) -> EndpointSlice:
    """It comes to its end; gives what the import was."""
    (import_,) = world.imports("new")
    world.delete_mcs()
    await settle(3)
    assert world.mcs() is None
    return replace(import_, metadata=replace(import_.metadata, resource_version="", uid=""))


async def test_s12_what_ended_and_is_written_again_by_an_old_leader_goes_again(world: World) -> None:
    async with controller(world) as rig:
        import_ = await ended(world)
        for name in ("new", "third"):
            world.clusters[name].add(SLICES, import_)
            assert rig.state.explains(name, SERVICE2)
        await settle(1)
        assert world.imports("new") == world.imports("third") == []


async def test_s12_what_ended_and_is_written_again_out_of_our_sight_goes_again(world: World) -> None:
    async with controller(world):
        import_ = await ended(world)
        world.clusters["new"].cut()
        await settle(3)
        world.clusters["new"].add(SLICES, import_)
        await settle(3)
        world.clusters["new"].heal()
        await settle(60)
        assert world.imports("new") == []


async def test_s7_what_ended_and_was_made_again_is_forgotten(world: World) -> None:
    """Then the hub is emptied: that is no order."""
    async with controller(world) as rig:
        await ended(world)
        world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", "new"))
        await settle(3)
        assert len(world.imports("new")) == 1
        world.hub.remove(MCS_PATH)
        await settle(60)
        assert len(world.imports("new")) == 1
        assert not rig.state.explains("new", SERVICE2)


async def test_s7_what_is_made_again_before_its_end_was_acknowledged_is_not_called_ended(world: World) -> None:
    async with controller(world) as rig:
        answer = world.hub.late = asyncio.Event()
        world.delete_mcs()
        await settle(3)
        assert world.mcs() is None
        world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", "new"))
        await settle(1)
        answer.set()
        await settle(1)
        assert SERVICE2 not in rig.state.ended


async def test_s7_what_ended_under_another_leader_is_not_known_to_have_ended(world: World) -> None:
    async with controller(world):
        import_ = await ended(world)
    async with controller(world):
        world.clusters["new"].add(SLICES, import_)
        await settle(60)
        assert len(world.imports("new")) == 1


@pytest.mark.parametrize(("finalizers", "goes"), [((FINALIZER,), True), ((), False)])
async def test_s11_a_deletion_that_overtook_our_finalizer_is_an_order_all_the_same(
    world: World, finalizers: tuple[str, ...], goes: bool
) -> None:
    """An API server that read the object before our finalizer came deletes it at once; a person who takes the
    finalizer off leaves a question."""
    async with controller(world) as rig:
        rig.router.service_deleted(mcs("old", "new", finalizers=finalizers))
        world.hub.take(MULTI_CLUSTER_SERVICES, SERVICE2)
        await settle(2)
        assert (world.imports("new") == []) is goes


async def test_s11_what_is_away_meanwhile_owes(world: World) -> None:
    async with controller(world, engaged=("old",)) as rig:
        rig.state.ledger.welcome("new")
        rig.router.service_deleted(mcs("old", "new"))
        await settle(2)
        assert world.debts() == {"new": frozenset({SERVICE2})}
