"""What nothing explains, from the look to the deletion."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from landbridge.api.core import SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import FLEET, MANAGER
from landbridge.controller.sweeper import AFTER, Sweeper
from landbridge.kube.errors import UnreachableError
from tests.unit.controller.rig import Rig, World, controller
from tests.unit.fakes import running, settle
from tests.unit.objects import FLEET_UID, mcs, service, slice_

pytestmark = pytest.mark.looptime

GRACE = 2 * AFTER + 1


@pytest.fixture
def world() -> World:
    return World()


@asynccontextmanager
async def sweeping(world: World) -> AsyncGenerator[Rig]:
    async with (
        controller(world, engaged=["old", "new"]) as rig,
        running(Sweeper(rig.state, rig.state.members["new"], world.hub).run()),
    ):
        yield rig


def key(number: int) -> Key:
    return Key("mcs-demo", f"web{number}")


def join(world: World, numbers: Iterable[int]) -> None:
    """Services with an endpoint in `old`, imported by `new`."""
    for number in numbers:
        world.clusters["old"].add(SLICES, slice_(f"s{number}", f"10.1.0.{number + 1}", key=key(number)))
        world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", "new", key=key(number)))
        for name in ("old", "new"):
            world.clusters[name].add(SERVICES, service(key(number)))


def lose(world: World, numbers: Iterable[int]) -> None:
    """The hub forgets MultiClusterServices, finalizers or not."""
    for number in numbers:
        world.hub.take(MULTI_CLUSTER_SERVICES, key(number))


def stray(world: World, fleet: str = FLEET_UID) -> None:
    world.clusters["new"].add(SLICES, slice_("stray", "10.9.0.1", manager=MANAGER, labels={FLEET: fleet}))


def awaiting() -> float | None:
    return REGISTRY.get_sample_value("landbridge_imports_awaiting_sweep", {"cluster": "new"})


async def test_s7_a_few_that_nothing_explains_are_swept_after_a_while(world: World) -> None:
    join(world, range(20))
    async with sweeping(world):
        lose(world, range(3))
        await settle(AFTER - 1)
        assert len(world.imports("new")) == 20
        await settle(AFTER + 2)
        assert len(world.imports("new")) == 17
        assert awaiting() == 0


async def test_s7_many_wait_for_a_person_who_is_told_once(world: World) -> None:
    join(world, range(12))
    with capture_logs() as logs:
        async with sweeping(world):
            lose(world, range(12))
            await settle(600)
            assert len(world.imports("new")) == 12
            assert awaiting() == 12
    (told,) = [line for line in logs if "wait for a person" in line["event"]]
    assert (told["unexplained"], told["imports"]) == (12, 12)
    assert told["command"] == "landbridge fleet sweep new"


async def test_s7_a_hub_that_is_filled_again_slowly_loses_nothing(world: World) -> None:
    join(world, range(12))
    async with sweeping(world):
        lose(world, range(12))
        for number in range(12):
            await settle(2 * GRACE)
            join(world, [number])
        await settle(GRACE)
        assert len(world.imports("new")) == 12
        assert not [call for call in world.clusters["new"].writes if call[0] == "DELETE"]
        assert awaiting() == 0


async def test_s7_the_hub_itself_is_asked_before_anything_is_swept(world: World) -> None:
    """Its cache may lag: here it lacks a MultiClusterService that is there."""
    join(world, range(3))
    async with sweeping(world) as rig:
        found = rig.services.store.get(key(0))
        assert found
        rig.services.store.drop(found)
        await settle(GRACE)
        assert len(world.imports("new")) == 3


async def test_s7_without_an_answer_of_the_hub_nothing_is_swept(world: World) -> None:
    stray(world)
    async with sweeping(world):

        def cut(method: str, path: str) -> None:
            raise UnreachableError("cut")

        world.hub.before = cut
        await settle(GRACE)
        assert len(world.imports("new")) == 1
        world.hub.before = lambda method, path: None
        await settle(GRACE)
        assert world.imports("new") == []


async def test_s7_while_the_hub_is_out_of_view_no_look_counts(world: World) -> None:
    stray(world)
    async with sweeping(world) as rig:
        rig.state.current = False
        await settle(600)
        assert len(world.imports("new")) == 1
        rig.state.current = True
        rig.router.roster_changed()
        await settle(AFTER - 1)
        assert len(world.imports("new")) == 1
        await settle(GRACE)
        assert world.imports("new") == []


async def test_s7_imports_of_another_fleet_are_never_touched(world: World) -> None:
    stray(world, fleet="fleet-0")
    with capture_logs() as logs:
        async with sweeping(world):
            await settle(600)
            assert len(world.imports("new")) == 1
            assert world.clusters["new"].writes == []
    (told,) = [line for line in logs if "another fleet" in line["event"]]
    assert (told["imports"], told["fleets"]) == (1, ["fleet-0"])


async def test_s7_what_is_made_again_meanwhile_is_not_meant(world: World) -> None:
    """A delete is refused, the import is made anew, and nothing explains that: it has its own two looks."""
    stray(world)
    async with sweeping(world) as rig:

        def refuse(method: str, path: str) -> None:
            if method == "DELETE":
                raise UnreachableError("time-out")

        world.clusters["new"].before = refuse
        await settle(GRACE)
        member = rig.state.members["new"]
        assert member.swept
        world.clusters["new"].take(SLICES, Key("mcs-demo", "stray"))
        stray(world)
        world.clusters["new"].before = lambda method, path: None
        member.queue.add(Key("mcs-demo", "service2"))
        await settle(1)
        assert len(world.imports("new")) == 1
