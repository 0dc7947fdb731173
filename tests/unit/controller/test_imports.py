"""The workers of one consumer."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from landbridge.api.core import NAMESPACES, SERVICES
from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.kind import Kind
from landbridge.api.meta import Key
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.controller.imports import WORKERS
from landbridge.fleet.record import FleetRecord
from landbridge.kube.errors import ApiError, ForbiddenError, UnreachableError
from landbridge.mcs.repairs import BURST
from tests.unit.controller.rig import World, controller, moving
from tests.unit.fakes import running, settle
from tests.unit.objects import ENDED, FLEET_UID, SERVICE2, cluster, mcs, service, slice_

pytestmark = pytest.mark.looptime


@pytest.fixture
def world() -> World:
    return moving(mcs("old", "old new"))


def addresses_of(import_: EndpointSlice) -> list[str]:
    return sorted(e.addresses[0] for e in import_.endpoints or ())


def addresses(world: World, name: str = "new") -> list[str]:
    return sorted(address for import_ in world.imports(name) for address in addresses_of(import_))


async def test_s1_endpoints_of_a_provider_appear_in_the_consumer_and_not_in_itself(world: World) -> None:
    async with controller(world):
        assert addresses(world, "new") == ["10.1.0.1"]
        assert addresses(world, "old") == []
        assert addresses(world, "third") == []


async def test_s1_they_follow_the_provider(world: World) -> None:
    async with controller(world):
        world.clusters["old"].add(SLICES, slice_("b", "10.1.0.2"))
        await settle()
        assert addresses(world) == ["10.1.0.1", "10.1.0.2"]
        world.clusters["old"].take(SLICES, Key("mcs-demo", "a"))
        await settle()
        assert addresses(world) == ["10.1.0.2"]


async def test_s6_a_consumers_service_is_never_made_and_its_coming_and_going_is_heeded(world: World) -> None:
    world.clusters["new"].take(SERVICES, SERVICE2)
    async with controller(world):
        assert world.clusters["new"].writes == []
        world.clusters["new"].add(SERVICES, service())
        await settle()
        assert addresses(world) == ["10.1.0.1"]
        world.clusters["new"].take(SERVICES, SERVICE2)
        await settle()
        assert addresses(world) == []


async def test_s7_what_happens_behind_a_cut_line_removes_nothing_until_it_is_seen(world: World) -> None:
    async with controller(world):
        world.clusters["old"].cut()
        world.clusters["old"].take(SLICES, Key("mcs-demo", "a"))
        world.clusters["old"].take(SERVICES, SERVICE2)
        await settle(600)
        assert addresses(world) == ["10.1.0.1"]
        world.clusters["old"].heal()
        await settle(60)
        assert addresses(world) == []


async def test_s7_a_new_controller_that_never_saw_a_provider_removes_nothing(world: World) -> None:
    async with controller(world):
        pass
    world.clusters["old"].cut()
    world.forget_calls()
    async with controller(world):
        await settle(600)
    assert addresses(world) == ["10.1.0.1"]
    assert world.clusters["new"].writes == []


@pytest.mark.parametrize(
    ("where", "path", "odd"),
    [
        ("old", SLICES.path("mcs-demo", "a"), {"endpoints": "many"}),
        ("old", SERVICES.path("mcs-demo", "service2"), {"spec": "none"}),
        ("new", SERVICES.path("mcs-demo", "service2"), {"spec": "none"}),
    ],
    ids=["slice", "provider's Service", "consumer's Service"],
)
async def test_s7_what_a_new_controller_cannot_read_is_there(
    world: World, where: str, path: str, odd: dict[str, str]
) -> None:
    async with controller(world):
        pass
    objects = world.clusters[where].objects
    objects[path] = objects[path] | odd
    world.forget_calls()
    async with controller(world):
        await settle(60)
        assert addresses(world) == ["10.1.0.1"]
        assert world.clusters["new"].writes == []
        assert ready(world) == "Unknown", "nobody knows whether the new cluster has what it should"


async def test_s7_while_something_in_a_provider_does_not_say_which_it_is_nothing_of_it_goes(world: World) -> None:
    async with controller(world) as rig:
        rig.state.members["old"].slices.unread.add(None)
        world.clusters["old"].take(SLICES, Key("mcs-demo", "a"))
        await settle(5)
        assert addresses(world) == ["10.1.0.1"]


async def test_s7_a_consumer_out_of_contact_is_not_written(world: World) -> None:
    async with controller(world) as rig:
        world.clusters["new"].cut()
        await settle()
        world.forget_calls()
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.5"))
        await settle(1)
        assert world.clusters["new"].writes == []
        world.clusters["new"].heal()
        await settle(60)
        assert rig.state.live("new")
        assert addresses(world) == ["10.1.0.5"]


@pytest.mark.parametrize("kinds", [(NAMESPACES,), (SERVICES, NAMESPACES)], ids=["namespaces", "Services too"])
async def test_a_consumer_gets_its_endpoints_while_other_watches_reconnect(
    world: World, kinds: tuple[Kind[Any], ...]
) -> None:
    async with controller(world):
        world.clusters["new"].cut(*kinds)
        await settle(30)
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.5"))
        await settle(1)
        assert addresses(world) == ["10.1.0.5"]


async def test_a_provider_counts_while_its_watch_of_namespaces_reconnects(world: World) -> None:
    async with controller(world):
        world.clusters["old"].cut(NAMESPACES)
        await settle(30)
        world.clusters["old"].add(SLICES, slice_("b", "10.1.0.5"))
        world.clusters["old"].take(SLICES, Key("mcs-demo", "a"))
        await settle(1)
        assert addresses(world) == ["10.1.0.5"]
        assert state(world) == ("Synced", "")


async def test_s7_a_provider_counts_no_more_while_its_watch_of_services_reconnects(world: World) -> None:
    """A Service that is gone, or has no selector any more, would go on being exported."""
    async with controller(world):
        world.clusters["old"].cut(SERVICES)
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.5"))
        await settle(60)
        assert addresses(world) == ["10.1.0.1"]
        world.clusters["old"].heal()
        await settle(60)
        assert addresses(world) == ["10.1.0.5"]


async def test_s7_a_hub_that_lost_its_memory_is_no_order(world: World) -> None:
    async with controller(world) as rig:
        world.hub.take(MULTI_CLUSTER_SERVICES, SERVICE2)  # no deletionTimestamp, no debt: as from an older backup
        rig.state.clusters.clear()
        rig.router.roster_changed()
        await settle(60)
        assert addresses(world) == ["10.1.0.1"]


async def test_a_forbidden_write_is_told_and_tried_again(world: World) -> None:
    def refuse(method: str, path: str) -> None:
        if method == "POST":
            raise ForbiddenError(403, "Forbidden", "may not create")

    world.clusters["new"].before = refuse
    async with controller(world) as rig:
        member = rig.state.members["new"]
        assert (member.refused, member.failed) == ({SERVICE2: "may not create"}, {})
        assert state(world) == ("Forbidden", "may not create")
        world.clusters["new"].before = lambda method, path: None
        await settle(60)
        assert (member.refused, member.failed) == ({}, {})
        assert state(world) == ("Synced", "")
        assert addresses(world) == ["10.1.0.1"]


def state(world: World) -> tuple[str, str]:
    """What the hub says of the new cluster."""
    found = world.mcs()
    assert found is not None
    assert found.status is not None
    (row,) = (row for row in found.status.clusters if row.name == "new")
    return row.state, row.message


def ready(world: World) -> str:
    """The status of the condition."""
    found = world.mcs()
    assert found is not None
    assert found.status is not None
    return next(condition.status for condition in found.status.conditions if condition.type == "Ready")


async def test_s15_an_error_of_two_megabytes_reaches_the_status_as_one_short_line(world: World) -> None:
    """Fault C4: the hub refused such a status, and the row stayed wrong for ever."""

    def refuse(method: str, path: str) -> None:
        if method == "PUT":
            raise ForbiddenError(403, "Forbidden", "\x1b[2J" + "no\n" * 700_000)

    async with controller(world):
        world.clusters["new"].before = refuse
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.2"))
        await settle(3)
        told, message = state(world)
        assert told == "Forbidden"
        assert message.startswith("?[2Jno no")
        assert len(message) <= 300


async def test_s5_a_write_that_hangs_is_told_within_two_seconds_and_ready_is_not_true(world: World) -> None:
    async with controller(world):
        world.clusters["new"].delay = asyncio.Event()
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.2"))
        await settle(2)
        assert state(world) == ("Pending", "endpoints are being written")
        assert ready(world) == "False"
        world.clusters["new"].delay.set()
        await settle(2)
        assert state(world) == ("Synced", "")
        assert ready(world) == "True"


async def test_s5_services_whose_writes_wait_for_others_are_told_as_pending(world: World) -> None:
    """Two hundred roll at once, at half a second a write, sixteen at a time: the last waits for six seconds."""
    others = [Key("mcs-demo", f"service-{number}") for number in range(200)]
    for key in others:
        world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", "new", key=key))
        world.clusters["old"].add(SLICES, slice_(f"{key.name}-a", "10.1.0.1", key=key))
        for name in ("old", "new"):
            world.clusters[name].add(SERVICES, service(key))
    async with controller(world):
        assert told_of(world, others) == {"Synced": 200}
        world.clusters["new"].pause = 0.5
        for key in others:
            world.clusters["old"].add(SLICES, slice_(f"{key.name}-a", "10.1.0.2", key=key))
        await settle(2.2)
        written = 4 * WORKERS
        assert told_of(world, others)["Pending"] == pytest.approx(200 - written, abs=2 * WORKERS)
        await settle(8)
        assert told_of(world, others) == {"Synced": 200}


def told_of(world: World, keys: list[Key]) -> Counter[str]:
    """States of the new cluster, over these Services."""
    held = world.hub.held(MULTI_CLUSTER_SERVICES)
    statuses = (held[key.name].status for key in keys)
    return Counter(status.clusters[-1].state for status in statuses if status)


async def test_a_failed_write_is_told_and_tried_again_with_longer_and_longer_pauses(world: World) -> None:
    def refuse(method: str, path: str) -> None:
        if method == "POST":
            raise ApiError(500, "InternalError", "etcd is slow")

    world.clusters["new"].before = refuse
    async with controller(world) as rig:
        assert rig.state.members["new"].failed == {SERVICE2: "etcd is slow"}
        assert state(world) == ("Pending", "etcd is slow")
        await settle(600)
        attempts = len(world.clusters["new"].writes)
        assert 600 / 15 <= attempts <= 100
        world.clusters["new"].before = lambda method, path: None
        await settle(60)
        assert rig.state.members["new"].failed == {}
        assert state(world) == ("Synced", "")


async def test_one_service_that_fails_holds_up_no_other(world: World) -> None:
    other = Key("mcs-demo", "service3")
    world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", "old new", key=other))
    world.clusters["old"].add(SLICES, slice_("s3", "10.1.0.3", key=other))
    for name in ("old", "new"):
        world.clusters[name].add(SERVICES, service(other))

    taken = iter([True])

    def refuse_first(method: str, path: str) -> None:
        if method == "POST" and next(taken, False):
            raise UnreachableError("time-out")

    world.clusters["new"].before = refuse_first
    async with controller(world):
        assert addresses(world) == ["10.1.0.1", "10.1.0.3"]


async def test_s11_a_debt_that_a_new_object_explains_is_one_no_more(world: World) -> None:
    """Or the old debt would sweep the new object's imports, should the hub lose it."""
    world.put_record(FleetRecord(FLEET_UID, {"new": frozenset({SERVICE2})}))
    async with controller(world) as rig:
        assert addresses(world) == ["10.1.0.1"]
        assert world.debts() == {}
        assert not rig.state.owed("new", SERVICE2)


async def test_s11_a_debt_that_was_dropped_meanwhile_troubles_nobody(world: World) -> None:
    """By `leave --force`, which is another process: what it wrote is not undone by what this one knew before."""
    world.hub.take(MULTI_CLUSTER_SERVICES, SERVICE2)
    other = Key("mcs-demo", "other")
    world.put_record(FleetRecord(FLEET_UID, {"new": frozenset({SERVICE2}), "third": frozenset({other})}))

    def drop(method: str, path: str) -> None:
        if method == "PUT":
            world.hub.before = lambda method, path: None
            world.put_record(FleetRecord(FLEET_UID, {"new": frozenset({SERVICE2})}, left={"third": ENDED}))

    world.hub.before = drop
    async with controller(world, engaged=["new"]) as rig:
        assert (world.debts(), world.record().left) == ({}, {"third": ENDED})
        assert not rig.state.ledger.pending


async def test_s11_a_cluster_that_leaves_is_emptied_of_what_nothing_explains_too(world: World) -> None:
    stray = Key("mcs-demo", "stray")
    labels = {"landbridge.dev/fleet": FLEET_UID}
    world.clusters["new"].add(SLICES, slice_("stray-1", key=stray, manager="landbridge.dev", labels=labels))
    async with controller(world) as rig:
        assert len(world.imports("new")) == 2
        rig.state.clusters["new"] = cluster("new", leaving=True)
        rig.router.roster_changed()
        await settle(1)
        assert world.imports("new") == []


async def test_s11_a_provider_that_leaves_disappears_from_its_consumers(world: World) -> None:
    async with controller(world) as rig:
        rig.state.clusters["old"] = cluster("old", leaving=True)
        rig.router.roster_changed()
        await settle(1)
        assert world.imports("new") == []


async def test_s12_an_import_that_somebody_spoiled_or_deleted_is_mended(world: World) -> None:
    async with controller(world):
        (import_,) = world.imports("new")
        path = SLICES.path("mcs-demo", import_.metadata.name)
        body = world.clusters["new"].objects[path]
        world.clusters["new"].put(path, body | {"endpoints": []})
        await settle()
        assert addresses(world) == ["10.1.0.1"]
        world.clusters["new"].remove(path)
        await settle()
        assert addresses(world) == ["10.1.0.1"]


async def test_s12_out_of_contact_with_the_hub_nothing_is_made_again_that_somebody_else_deleted(world: World) -> None:
    """A successor may have done so, for a newer word of the hub; what a provider does goes on."""
    async with controller(world) as rig:
        contact = False
        rig.state.in_contact = lambda: contact
        (import_,) = world.imports("new")
        world.clusters["new"].take(SLICES, import_.metadata.key)
        world.clusters["old"].add(SLICES, slice_("b", "10.1.0.2"))
        await settle(5)
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.1", "10.1.0.3"))
        await settle(5)
        assert addresses(world) == ["10.1.0.2"]
        contact = True
        await settle(2)
        assert addresses(world) == ["10.1.0.1", "10.1.0.2", "10.1.0.3"]


async def test_s12_out_of_contact_with_the_hub_what_somebody_else_wrote_stays_until_the_provider_changes(
    world: World,
) -> None:
    """It may be a successor, who sees a provider that is cut off from here in silence."""
    async with controller(world) as rig:
        contact = False
        rig.state.in_contact = lambda: contact
        (import_,) = world.imports("new")
        path = SLICES.path("mcs-demo", import_.metadata.name)
        body = world.clusters["new"].objects[path]
        world.clusters["new"].put(path, body | {"endpoints": [{"addresses": ["10.1.0.8"]}]})
        labels = {"landbridge.dev/fleet": FLEET_UID}
        world.clusters["new"].add(SLICES, slice_("a-successors", "10.1.0.9", manager="landbridge.dev", labels=labels))
        await settle(5)
        assert addresses(world) == ["10.1.0.8", "10.1.0.9"]
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.2"))
        await settle(1)
        assert addresses(world) == ["10.1.0.2", "10.1.0.9"]
        contact = True
        await settle(2)
        assert addresses(world) == ["10.1.0.2"]


async def test_s12_what_another_did_out_of_contact_is_remembered_over_a_failed_engagement(world: World) -> None:
    async with controller(world) as rig:
        rig.state.in_contact = lambda: False
        (import_,) = world.imports("new")
        world.clusters["new"].take(SLICES, import_.metadata.key)
        await settle(5)
        again = rig.engage("new")
        async with running(rig.keep_imports(again), again.follow()):
            await settle(5)
            assert addresses(world) == []


async def test_a_cluster_out_of_contact_keeps_its_failures(world: World) -> None:
    """What was not answered may still be on its way there."""
    async with controller(world) as rig:
        member = rig.state.members["new"]
        member.failed[SERVICE2] = "no answer"
        world.clusters["new"].cut()
        await settle(5)
        member.queue.add(SERVICE2)
        await settle(1)
        assert member.failed == {SERVICE2: "no answer"}


async def test_s12_what_we_deleted_ourselves_is_made_again_out_of_contact_with_the_hub_too(world: World) -> None:
    async with controller(world) as rig:
        world.clusters["old"].add(SLICES, slice_("b", "10.1.0.2"))
        await settle()
        rig.state.in_contact = lambda: False
        world.clusters["old"].take(SLICES, Key("mcs-demo", "a"))
        await settle()
        assert addresses(world) == ["10.1.0.2"]
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.1"))
        await settle()
        assert addresses(world) == ["10.1.0.1", "10.1.0.2"]


async def test_s5_an_endpoint_that_moves_to_what_is_not_made_again_stays_where_it_is(world: World) -> None:
    """Out of contact with the hub: somebody deleted one import, and the provider moves an endpoint to its source."""
    async with controller(world) as rig:
        world.clusters["old"].add(SLICES, slice_("b", "10.1.0.2", "10.1.0.3"))
        await settle()
        rig.state.in_contact = lambda: False
        deleted = next(i for i in world.imports("new") if addresses_of(i) == ["10.1.0.1"])
        world.clusters["new"].take(SLICES, deleted.metadata.key)
        await settle()
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.1", "10.1.0.2"))
        world.clusters["old"].take(SLICES, Key("mcs-demo", "b"))
        await settle(5)
        assert addresses(world) == ["10.1.0.2"]
        rig.state.in_contact = lambda: True
        await settle(5)
        assert addresses(world) == ["10.1.0.1", "10.1.0.2"]


async def test_s12_who_is_undone_all_the_time_backs_off_and_says_so(world: World) -> None:
    """Another controller empties our import whenever it sees it."""
    async with controller(world) as rig:
        (import_,) = world.imports("new")
        path = SLICES.path("mcs-demo", import_.metadata.name)
        api = world.clusters["new"]
        world.forget_calls()
        for _ in range(6000):
            if api.objects[path]["endpoints"]:
                api.put(path, api.objects[path] | {"endpoints": []})
            await settle(0.01)
        assert BURST < len(api.writes) < BURST + 10
        row, message = state(world)
        assert row == "Pending"
        assert "somebody else changes import" in message
        await settle(120)
        assert addresses(world) == ["10.1.0.1"]
        assert state(world) == ("Synced", "")
        assert rig.state.members["new"].contested == {}
