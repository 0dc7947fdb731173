"""Who has to look at what, when something changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
import pytest

from landbridge.api.core import NAMESPACES, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, MultiClusterService, MultiClusterServiceStatus
from landbridge.api.names import FLEET, HOST_NAMES, MANAGER, SHARED
from landbridge.controller.flapping import LOST_REPORT_DELAY
from landbridge.controller.router import SETTLE
from landbridge.fleet.record import FleetRecord
from tests.unit.controller.rig import Rig, World, drain, keys
from tests.unit.fakes import running, settle
from tests.unit.objects import FLEET_UID, SERVICE2, mcs, service, slice_

pytestmark = pytest.mark.looptime

OTHER = Key("shop", "web")


@pytest.fixture
async def rig() -> AsyncGenerator[Rig]:
    """Nobody works here: what is queued stays queued. Providers: old; consumers: old and new; a third takes no part."""
    rig = Rig(World())
    members = [rig.engage(name) for name in ("old", "new", "third")]
    rig.world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", "old new"))
    async with running(rig.services.run(), *(member.follow() for member in members)):
        yield rig
    rig.close()


async def quiet(rig: Rig) -> None:
    """Forget what was queued so far."""
    await settle(LOST_REPORT_DELAY * 2)
    await asked(rig)
    await drain(rig.reconciler.queue)


async def asked(rig: Rig) -> dict[str, list[Key]]:
    """Which members have to look at which Services."""
    found = {name: await keys(member.queue) for name, member in rig.state.members.items()}
    return {name: queued for name, queued in found.items() if queued}


async def reported(rig: Rig, within: float = 0.001) -> list[Key]:
    """What the hub's worker has to look at, after some seconds."""
    await settle(within)
    return await keys(rig.reconciler.queue)


def put(rig: Rig, found: MultiClusterService) -> None:
    rig.world.hub.add(MULTI_CLUSTER_SERVICES, found)


ALL = {"old": [SERVICE2], "new": [SERVICE2], "third": [SERVICE2]}


@pytest.mark.parametrize(
    "changed",
    [mcs("old", "new", generation=2), mcs("old", "old new", finalizers=()), mcs("old", "old new", ending=True)],
    ids=["spec", "finalizer", "ending"],
)
async def test_what_decides_in_a_multi_cluster_service_is_news_to_every_member(
    rig: Rig, changed: MultiClusterService
) -> None:
    await quiet(rig)
    put(rig, changed)
    assert await reported(rig, SETTLE * 2) == [SERVICE2]
    assert await asked(rig) == ALL


async def test_how_host_names_are_held_is_news_to_every_member_s10(rig: Rig) -> None:
    await quiet(rig)
    found = mcs("old", "old new")
    meta = msgspec.structs.replace(found.metadata, annotations={HOST_NAMES: SHARED})
    put(rig, msgspec.structs.replace(found, metadata=meta))
    await settle(SETTLE * 2)
    assert await asked(rig) == ALL


async def test_a_service_that_moves_is_looked_at_by_every_member_s1(rig: Rig) -> None:
    await quiet(rig)
    rig.router.migration_changed(SERVICE2)
    assert await reported(rig, SETTLE * 2) == [SERVICE2]
    assert await asked(rig) == ALL


async def test_s5_its_own_status_is_no_news_to_members(rig: Rig) -> None:
    await quiet(rig)
    put(rig, msgspec.structs.replace(mcs("old", "old new"), status=MultiClusterServiceStatus(endpoints=3)))
    assert await reported(rig, SETTLE * 2) == [SERVICE2]
    assert await asked(rig) == {}


async def test_s11_a_multi_cluster_service_that_is_gone_is_news_to_every_member(rig: Rig) -> None:
    await quiet(rig)
    rig.world.hub.take(MULTI_CLUSTER_SERVICES, SERVICE2)
    assert await reported(rig) == [SERVICE2]
    assert await asked(rig) == ALL
    put(rig, mcs("old", "old new"))  # the same again is news again
    await settle()
    assert await asked(rig) == ALL


@pytest.mark.parametrize(
    "changed",
    [mcs("old", "old new", finalizers=(), generation=2), mcs("old", "old new", ending=True)],
    ids=["to set", "to take off"],
)
async def test_a_finalizer_does_not_wait(rig: Rig, changed: MultiClusterService) -> None:
    await quiet(rig)
    put(rig, changed)
    assert await reported(rig) == [SERVICE2]


async def test_a_report_waits_for_what_is_being_written(rig: Rig) -> None:
    await quiet(rig)
    put(rig, mcs("old", "new", generation=2))
    assert await reported(rig, SETTLE / 2) == []
    assert await reported(rig, SETTLE) == [SERVICE2]


async def test_s5_an_endpoint_change_goes_to_its_consumers_at_once_and_to_the_hub_later(rig: Rig) -> None:
    await quiet(rig)
    rig.world.clusters["old"].add(SLICES, slice_("a", "10.1.0.7"))
    assert await reported(rig) == []
    assert await asked(rig) == {"old": [SERVICE2], "new": [SERVICE2]}
    assert await reported(rig, SETTLE) == [SERVICE2]


@pytest.mark.parametrize("where", ["new", "third"])
async def test_a_change_in_a_cluster_that_provides_nothing_is_looked_at_there_alone(rig: Rig, where: str) -> None:
    await quiet(rig)
    rig.world.clusters[where].add(SERVICES, service())
    await settle()
    assert (await asked(rig)).keys() == {where}


async def test_live_changes_are_marked_so(rig: Rig) -> None:
    await quiet(rig)
    rig.world.clusters["old"].add(SLICES, slice_("a"))
    await settle()
    assert [work.live for work in await drain(rig.state.members["new"].queue)] == [True]


async def test_a_service_that_is_not_joined_costs_nothing(rig: Rig) -> None:
    await quiet(rig)
    rig.world.clusters["old"].add(SLICES, slice_("web-1", key=OTHER))
    assert await reported(rig, 10) == []
    assert await asked(rig) == {}


async def test_s11_a_change_of_what_is_owed_is_looked_at_by_the_debtor(rig: Rig) -> None:
    await quiet(rig)
    rig.state.ledger.record = FleetRecord(FLEET_UID, {"old": frozenset({OTHER})})
    for name in ("old", "new"):
        rig.world.clusters[name].add(SLICES, slice_("web-1", key=OTHER))
    await settle()
    assert await asked(rig) == {"old": [OTHER]}


async def test_a_namespace_is_news_to_the_hub_for_its_own_services(rig: Rig) -> None:
    put(rig, mcs("old", "new", key=OTHER))
    await quiet(rig)
    rig.world.clusters["old"].add(NAMESPACES, Object(ObjectMeta("shop")))
    assert await reported(rig, SETTLE / 2) == []
    assert await reported(rig, SETTLE) == [OTHER]
    assert await asked(rig) == {}


async def test_s7_lost_contact_is_no_news_to_members_and_reported_when_it_lasts(rig: Rig) -> None:
    await quiet(rig)
    rig.world.clusters["old"].cut()
    assert await reported(rig, LOST_REPORT_DELAY * 0.9) == []
    assert await reported(rig, LOST_REPORT_DELAY * 0.2) == [SERVICE2]
    assert await asked(rig) == {}


async def test_services_out_of_view_are_reported_late_s5(rig: Rig) -> None:
    """Of a mere consumer its status then says no more than that its Service is not compared."""
    await quiet(rig)
    rig.world.clusters["new"].cut(SERVICES)
    assert await reported(rig, LOST_REPORT_DELAY * 0.9) == []
    assert await reported(rig, LOST_REPORT_DELAY * 0.2) == [SERVICE2]


async def test_lost_contact_is_not_reported_where_the_cluster_takes_no_part(rig: Rig) -> None:
    await quiet(rig)
    rig.world.clusters["third"].cut()
    assert await reported(rig, LOST_REPORT_DELAY * 2) == []


async def test_s11_lost_contact_with_any_cluster_is_news_to_what_ends(rig: Rig) -> None:
    """It waits for every cluster that can be reached, and one less may be all that it waited for."""
    put(rig, mcs("old", "old new", ending=True))
    await quiet(rig)
    rig.world.clusters["third"].cut()
    assert await reported(rig, LOST_REPORT_DELAY * 2) == [SERVICE2]


async def test_s11_what_ends_hears_of_lost_contact_as_soon_as_ever(rig: Rig) -> None:
    for _ in range(5):
        rig.router.contact_changed(rig.state.members["old"], False)
        rig.router.contact_changed(rig.state.members["old"], True)
    put(rig, mcs("old", "old new", ending=True))
    await quiet(rig)
    rig.world.clusters["old"].cut()
    assert await reported(rig, LOST_REPORT_DELAY * 1.1) == [SERVICE2]


@pytest.mark.parametrize(("name", "expected"), [("old", [SERVICE2]), ("third", [])])
async def test_s15_a_failed_engagement_is_reported_where_the_cluster_takes_part(
    rig: Rig, name: str, expected: list[Key]
) -> None:
    await quiet(rig)
    rig.router.engagement_failed(name)
    assert await reported(rig, LOST_REPORT_DELAY * 2) == expected
    assert await asked(rig) == {}


async def test_s7_contact_won_again_lets_the_cluster_and_its_consumers_look(
    rig: Rig,
) -> None:
    """The cluster also at what no MultiClusterService explains, and at debts; live changes overtake."""
    held, owed = Key("mcs-demo", "held"), Key("mcs-demo", "owed")
    import_ = slice_("held-1", key=held, manager=MANAGER, labels={FLEET: FLEET_UID})
    rig.world.clusters["old"].add(SLICES, import_)
    rig.state.ledger.record = FleetRecord(FLEET_UID, {"old": frozenset({owed})})
    rig.world.clusters["old"].cut()
    await quiet(rig)
    rig.world.clusters["old"].heal()
    assert SERVICE2 in await reported(rig, 30)
    for name, expected in {"old": {SERVICE2, held, owed}, "new": {SERVICE2}, "third": set()}.items():
        work = await drain(rig.state.members[name].queue)
        assert {one.key for one in work} == expected
        assert not any(one.live for one in work)


async def test_a_changed_fleet_lets_everybody_look_at_everything(rig: Rig) -> None:
    await quiet(rig)
    rig.router.roster_changed()
    assert await asked(rig) == ALL
    assert await reported(rig) == [SERVICE2]


@pytest.mark.parametrize(("ending", "delay"), [(False, SETTLE), (True, 0.0)])
async def test_s11_what_a_worker_told_is_looked_at_at_once_if_an_end_waits_for_it(
    rig: Rig, ending: bool, delay: float
) -> None:
    put(rig, mcs("old", "old new", ending=ending))
    await quiet(rig)
    rig.router.report(SERVICE2)
    if delay:
        assert await reported(rig, delay / 2) == []
    assert await reported(rig, delay + 0.001) == [SERVICE2]
