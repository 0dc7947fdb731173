"""The hub's side of a MultiClusterService: finalizer, status, end."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from landbridge.api.core import CONFIG_MAPS, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import FINALIZER
from landbridge.clusters.member import FIRST_LOOK
from landbridge.controller.multicluster_services import REFUSED_AGAIN, STATUS_INTERVAL
from landbridge.controller.refusals import BRIEF_FOR
from landbridge.kube.errors import ApiError, ConflictError, ForbiddenError
from tests.unit.controller.rig import MCS_PATH, World, controller
from tests.unit.fakes import settle
from tests.unit.objects import SERVICE2, mcs, service, slice_

pytestmark = pytest.mark.looptime

RECORD = CONFIG_MAPS.path("landbridge-system", "landbridge-fleet")


def world(*, finalizers: tuple[str, ...] = (FINALIZER,), consumers: str = "old new") -> World:
    """The Service in two clusters; one endpoint, in the old one."""
    world = World()
    world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", consumers, finalizers=finalizers))
    world.clusters["old"].add(SLICES, slice_("a", "10.1.0.1"))
    for name in ("old", "new"):
        world.clusters[name].add(SERVICES, service())
    return world


def finalizers(of: World) -> tuple[str, ...]:
    found = of.mcs()
    assert found is not None
    return found.metadata.finalizers


async def test_s11_the_finalizer_is_there_before_anything_is_written() -> None:
    at = world(finalizers=("other/finalizer",))
    seen: list[tuple[str, ...]] = []

    def look(method: str, path: str) -> None:
        if method == "POST":
            seen.append(finalizers(at))

    at.clusters["new"].before = look
    async with controller(at):
        assert len(at.imports("new")) == 1
    assert seen == [("other/finalizer", FINALIZER)]


async def test_s11_nothing_is_written_while_the_finalizer_cannot_be_set() -> None:
    at = world(finalizers=())

    def refuse(method: str, path: str) -> None:
        if method == "PATCH":
            raise ForbiddenError(403, "Forbidden", "may not patch")

    at.hub.before = refuse
    async with controller(at):
        assert at.clusters["new"].writes == []
        at.hub.before = lambda method, path: None
        await settle(60)
        assert len(at.imports("new")) == 1


async def test_the_status_tells_what_happened() -> None:
    at = world()
    async with controller(at):
        found = at.mcs()
    assert found is not None
    assert found.status is not None
    assert [(c.type, c.status) for c in found.status.conditions] == [("Ready", "True"), ("Conflict", "False")]
    assert [(r.name, r.state, r.own_ready, r.imported_ready) for r in found.status.clusters] == [
        ("old", "Synced", 1, 0),
        ("new", "Synced", 0, 1),
    ]


async def test_s5_a_new_multi_cluster_service_is_reported_once_when_its_imports_are_there() -> None:
    at = world()
    created = at.hub.objects[MCS_PATH]
    at.hub.remove(MCS_PATH)
    async with controller(at):
        at.hub.put(MCS_PATH, created)
        await settle(10)
        assert at.status_writes() == 1


async def test_s5_one_endpoint_change_is_one_write_and_status_at_most_one_a_second() -> None:
    at = world()
    async with controller(at):
        at.forget_calls()
        for turn in range(100):
            endpoints = [f"10.1.0.{number + 1}" for number in range((turn + 1) % 7 + 1)]
            at.clusters["old"].add(SLICES, slice_("a", *endpoints))
            await settle(0.1)
        assert len(at.clusters["new"].writes) == 100
        assert at.clusters["old"].writes == []
        seconds = 100 * 0.1
        assert seconds / STATUS_INTERVAL / 2 <= at.status_writes() <= seconds / STATUS_INTERVAL + 1
        assert len(at.hub.writes) == at.status_writes()


async def test_s5_the_last_change_of_many_is_reported() -> None:
    at = world()
    async with controller(at):
        for count in (2, 3, 4):
            at.clusters["old"].add(SLICES, slice_("a", *(f"10.1.0.{number + 1}" for number in range(count))))
            await settle(0.3)
        await settle(STATUS_INTERVAL * 2)
        found = at.mcs()
        assert found is not None
        assert found.status is not None
        assert found.status.endpoints == 4


async def test_s12_a_status_that_says_the_same_is_not_written() -> None:
    at = world()
    async with controller(at) as rig:
        at.forget_calls()
        for _ in range(3):
            rig.reconciler.queue.add(SERVICE2)
            await settle(STATUS_INTERVAL * 2)
        assert at.writes() == []


async def test_s12_a_new_controller_writes_nothing_where_nothing_changed() -> None:
    at = world(finalizers=())
    async with controller(at):
        at.forget_calls()
    async with controller(at):
        await settle(60)
    assert at.writes() == []


async def test_s12_a_controller_that_died_in_the_middle_is_carried_on() -> None:
    at = world(finalizers=())
    at.clusters["old"].add(SLICES, slice_("b", "10.1.0.2"))
    allowed = iter([True])

    def fail(method: str, path: str) -> None:
        if method == "POST" and not next(allowed, False):
            raise ApiError(500, "InternalError", "dying")

    at.clusters["new"].before = fail
    async with controller(at):
        (first,) = at.imports("new")
    at.clusters["new"].before = lambda method, path: None
    at.clusters["old"].take(SLICES, Key("mcs-demo", "a"))
    async with controller(at):
        (second,) = at.imports("new")
    assert [endpoint.addresses for endpoint in second.endpoints or ()] == [("10.1.0.2",)]
    assert first.metadata.name != second.metadata.name


def fail_a_status(at: World, error: ApiError) -> None:
    """Refuse the first status that is written."""
    errors = iter([error])

    def refuse(method: str, path: str) -> None:
        if path.endswith("/status") and (first := next(errors, None)):
            raise first

    at.hub.before = refuse


async def test_a_status_write_on_an_old_version_is_tried_again() -> None:
    at = world()
    fail_a_status(at, ConflictError(409, "Conflict", "modified meanwhile"))
    async with controller(at):
        await settle(STATUS_INTERVAL * 2)
        found = at.mcs()
        assert found is not None
        assert found.status is not None


@pytest.mark.parametrize("key", [Key("kube-system", "web"), Key("default", "kubernetes")], ids=str)
async def test_s14_what_is_refused_gets_a_reason_and_no_finalizer(key: Key) -> None:
    at = World()
    at.hub.add(MULTI_CLUSTER_SERVICES, mcs(key=key, finalizers=()))
    for name in ("old", "new"):
        at.clusters[name].add(SERVICES, service(key))
        at.clusters[name].add(SLICES, slice_("a", key=key))
    async with controller(at):
        (found,) = at.hub.held(MULTI_CLUSTER_SERVICES).values()
        assert found.metadata.finalizers == ()
        assert found.status is not None
        assert found.status.conditions[0].status == "False"
        assert [api.writes for api in at.clusters.values()] == [[], [], []]


async def test_s11_an_end_leaves_nothing_behind() -> None:
    at = world()
    async with controller(at):
        assert len(at.imports("new")) == 1
        at.delete_mcs()
        await settle(1)
        assert at.mcs() is None
        assert at.imports("new") == []
        assert at.debts() == {}


async def test_s11_an_end_leaves_other_finalizers_alone() -> None:
    at = world(finalizers=(FINALIZER, "other/finalizer"))
    async with controller(at):
        at.delete_mcs()
        await settle(1)
        assert finalizers(at) == ("other/finalizer",)
        assert at.imports("new") == []


async def test_s11_an_end_waits_for_a_live_cluster_that_still_holds_imports() -> None:
    at = world()

    def refuse(method: str, path: str) -> None:
        if method == "DELETE":
            raise ForbiddenError(403, "Forbidden", "may not delete")

    async with controller(at):
        at.clusters["new"].before = refuse
        at.delete_mcs()
        await settle(60)
        assert finalizers(at) == (FINALIZER,)
        at.clusters["new"].before = lambda method, path: None
        await settle(60)
        assert at.mcs() is None
        assert at.imports("new") == []
        assert at.debts() == {}


async def test_s11_an_end_waits_for_a_create_whose_answer_was_lost() -> None:
    """The store knows nothing of it, and yet it may be there."""
    at = world()
    async with controller(at) as rig:
        rig.state.members["new"].failed[SERVICE2] = "no answer"
        rig.reconciler.queue.add(SERVICE2)
        at.delete_mcs()
        await settle()
        assert rig.state.members["new"].failed == {}
        await settle(1)
        assert at.mcs() is None


async def test_s11_what_a_cluster_out_of_reach_still_holds_is_noted_before_the_last_trace_goes() -> None:
    at = world()
    async with controller(at):
        at.clusters["new"].cut()
        await settle(5)
        at.forget_calls()
        at.delete_mcs()
        await settle(5)
        assert at.mcs() is None
        assert at.debts() == {"new": {SERVICE2}}
        assert at.hub.writes == [("PUT", RECORD), ("PATCH", MCS_PATH)]


async def test_s11_the_end_waits_until_the_debt_is_noted() -> None:
    at = world()

    def refuse(method: str, path: str) -> None:
        if (method, path) == ("PUT", RECORD):
            raise ForbiddenError(403, "Forbidden", "may not update")

    async with controller(at):
        at.clusters["new"].cut()
        at.hub.before = refuse
        at.delete_mcs()
        await settle(60)
        assert finalizers(at) == (FINALIZER,)


async def test_s11_the_end_waits_while_the_record_is_missing() -> None:
    at = world()
    async with controller(at):
        at.clusters["new"].cut()
        record = at.hub.objects[RECORD]
        at.hub.remove(RECORD)
        at.delete_mcs()
        await settle(60)
        assert finalizers(at) == (FINALIZER,)
        at.hub.put(RECORD, record)
        await settle(60)
        assert at.mcs() is None


async def test_s11_a_debt_is_paid_when_the_cluster_returns() -> None:
    at = world()
    async with controller(at):
        at.clusters["new"].cut()
        at.delete_mcs()
        await settle(5)
        assert len(at.imports("new")) == 1
        at.clusters["new"].heal()
        await settle(60)
        assert at.imports("new") == []
        assert at.debts() == {}


async def test_s11_a_debt_is_paid_by_the_next_controller_too() -> None:
    at = world()
    async with controller(at):
        at.clusters["new"].cut()
        at.delete_mcs()
        await settle(5)
    at.clusters["new"].heal()
    async with controller(at):
        assert at.imports("new") == []
        assert at.debts() == {}


@pytest.mark.parametrize("refused", [True, False], ids=["refused Secret", "cannot be engaged yet"])
async def test_s11_a_cluster_that_is_not_engaged_may_hold_imports_too(refused: bool) -> None:
    at = world()
    async with controller(at, engaged=["old", "third"]) as rig:
        rig.state.clusters["new"] = None if refused else rig.state.clusters["old"]
        rig.state.held_up.add("new")
        at.delete_mcs()
        await settle(1)
        assert at.debts() == {"new": {SERVICE2}}


async def test_s11_a_cluster_that_held_nothing_when_it_was_last_seen_owes_nothing() -> None:
    at = world()
    async with controller(at):
        at.clusters["third"].cut()
        await settle(5)
        at.delete_mcs()
        await settle(5)
        assert at.mcs() is None
        assert at.debts() == {}


async def test_s11_a_cluster_that_was_never_seen_may_hold_imports_whatever_the_spec_says() -> None:
    """It may have been a consumer once."""
    at = world()
    at.clusters["third"].cut()
    async with controller(at):
        await settle(5)
        at.delete_mcs()
        await settle(5)
        assert at.debts() == {"third": {SERVICE2}}


async def test_s11_thousands_that_end_while_a_cluster_is_away_cost_few_writes_of_the_record() -> None:
    at = world()
    async with controller(at):
        at.clusters["new"].cut()
        await settle(5)
        keys = [Key("mcs-demo", f"s{number}") for number in range(1000)]
        for key in keys:
            at.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", "new", key=key, ending=True))
        at.forget_calls()
        await settle(5)
        assert at.debts() == {"new": set(keys)}
        assert at.hub.writes.count(("PUT", RECORD)) < 10
        assert at.hub.held(MULTI_CLUSTER_SERVICES).keys() == {"service2"}


async def test_s11_a_cluster_that_gets_out_of_reach_during_the_end_holds_it_up_no_longer() -> None:
    """Also one that the spec does not name (any more)."""
    at = world(consumers="old new")

    def refuse(method: str, path: str) -> None:
        if method == "DELETE":
            raise ForbiddenError(403, "Forbidden", "may not delete")

    async with controller(at):
        at.clusters["new"].before = refuse
        body = at.hub.objects[MCS_PATH]
        unlisted = msgspec.json.decode(MULTI_CLUSTER_SERVICES.encode(mcs("old", "old", generation=2)))
        at.hub.put(MCS_PATH, body | {"spec": unlisted["spec"]})
        await settle(5)
        at.delete_mcs()
        await settle(5)
        assert finalizers(at) == (FINALIZER,)
        at.clusters["new"].cut()
        await settle(5)
        assert at.mcs() is None
        assert at.debts() == {"new": {SERVICE2}}


async def test_s15_a_cluster_that_never_answers_holds_up_neither_an_end_nor_the_status_of_others() -> None:
    """It takes a connection, and then its first lists trickle, or hang."""
    at = world()
    at.clusters["third"].slow = asyncio.Event()
    other = Key("mcs-demo", "service3")
    at.hub.add(MULTI_CLUSTER_SERVICES, mcs("third", "old", key=other))
    async with controller(at):
        at.delete_mcs()
        await settle(FIRST_LOOK + STATUS_INTERVAL)
        assert at.mcs() is None
        assert at.imports("new") == []
        status = at.hub.held(MULTI_CLUSTER_SERVICES)["service3"].status
        assert status is not None
        assert [(row.name, row.state) for row in status.clusters] == [("third", "Stale"), ("old", "NoService")]


@pytest.mark.parametrize(
    "error",
    [
        ApiError(422, "Invalid", "status.clusters[0].state: Unsupported value"),
        ApiError(413, "RequestEntityTooLarge", "limit is 3145728"),
        ApiError(500, "", "etcdserver: request is too large"),
    ],
    ids=lambda error: str(error.status),
)
async def test_s15_a_status_that_the_hub_refuses_is_followed_by_a_shorter_one_and_tried_again(error: ApiError) -> None:
    at = world()
    fail_a_status(at, error)
    async with controller(at):
        await settle(STATUS_INTERVAL * 3)
        found = at.mcs()
        assert found is not None
        assert found.status is not None
        assert (found.status.endpoints, found.status.clusters) == (1, ())
        assert f"the rows of the clusters are left out: {error}" in found.status.conditions[0].message
        at.forget_calls()
        await settle(BRIEF_FOR / 2)
        assert at.writes() == []
        await settle(BRIEF_FOR)
        found = at.mcs()
        assert found is not None
        assert found.status is not None
        assert [row.name for row in found.status.clusters] == ["old", "new"]


@pytest.mark.parametrize(
    "error",
    [ApiError(422, "Invalid", "status: Unsupported value"), ForbiddenError(403, "Forbidden", "may not patch")],
    ids=lambda error: str(error.status),
)
async def test_s15_a_hub_that_refuses_every_status_is_asked_seldom(error: ApiError) -> None:
    at = world()

    def refuse(method: str, path: str) -> None:
        if path.endswith("/status"):
            raise error

    at.hub.before = refuse
    async with controller(at):
        await settle(BRIEF_FOR)
        assert at.status_writes() <= 10 + 2 * BRIEF_FOR / REFUSED_AGAIN
        at.hub.before = lambda method, path: None
        await settle(REFUSED_AGAIN + STATUS_INTERVAL)
        found = at.mcs()
        assert found is not None
        assert found.status is not None


async def test_s11_a_cluster_that_was_unlisted_and_lets_nothing_go_is_told() -> None:
    at = world(consumers="old new")

    def refuse(method: str, path: str) -> None:
        if method == "DELETE":
            raise ForbiddenError(403, "Forbidden", "may not delete")

    def ready() -> tuple[str, str, str]:
        found = at.mcs()
        assert found is not None
        assert found.status is not None
        condition = found.status.conditions[0]
        return condition.status, condition.reason, condition.message

    async with controller(at):
        at.clusters["new"].before = refuse
        body = at.hub.objects[MCS_PATH]
        unlisted = msgspec.json.decode(MULTI_CLUSTER_SERVICES.encode(mcs("old", "old", generation=2)))
        at.hub.put(MCS_PATH, body | {"spec": unlisted["spec"]})
        await settle(5)
        assert ready() == ("False", "NotRemoved", "new, which the spec does not name, still imports: may not delete")
        at.clusters["new"].before = lambda method, path: None
        await settle(60)
        assert ready()[:2] == ("True", "Synced")
