"""From caches to the input of a decision."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import msgspec
import pytest

from landbridge.api.core import NAMESPACES, SERVICES, Service
from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.migration import ServiceMigration, ServiceMigrationSpec
from landbridge.api.multicluster import MultiClusterService
from landbridge.api.names import FLEET, MANAGER, SOURCE_CLUSTER
from landbridge.clusters.member import Member
from landbridge.fleet.record import FleetRecord
from landbridge.mcs.apply import apply
from landbridge.mcs.cluster_view import ClusterView
from landbridge.mcs.gather import PENDING_AFTER, cluster_view, view
from landbridge.mcs.intent import Intent
from landbridge.mcs.plan import plan
from landbridge.mcs.state import Decisive, FleetState
from tests.unit.fakes import WatchedApi, following, make_member, make_state, settle
from tests.unit.objects import ENDED, FLEET_UID, POD_CIDRS, SERVICE2, SERVICE_CIDRS, cluster, mcs, service, slice_

pytestmark = pytest.mark.looptime

MCS, SERVICE = mcs(), service()


@dataclass
class Two:
    """Members `old` and `new`, both with `service2`; `old` has two endpoints of it, `new` one."""

    state: FleetState
    old: WatchedApi
    new: WatchedApi

    def member(self, name: str) -> Member:
        return self.state.members[name]

    def intent(self, consumer: str = "new") -> Intent:
        return view(self.state, self.member(consumer), SERVICE2).intent

    def providers(self, consumer: str = "new") -> dict[str, bool]:
        """The providers that a consumer's view has, and whether they are live."""
        return {p.name: p.live for p in view(self.state, self.member(consumer), SERVICE2).providers}

    def told(self, name: str) -> ClusterView:
        found = self.state.multicluster_services.get(SERVICE2)
        assert found is not None
        return cluster_view(self.state, name, found, asyncio.get_running_loop().time())


@asynccontextmanager
async def two(found: MultiClusterService | None = MCS, *, there: Service | None = SERVICE) -> AsyncGenerator[Two]:
    old, new = WatchedApi("https://old:6443"), WatchedApi("https://new:6443")
    old.add(SERVICES, service())
    old.add(SLICES, slice_("a", "10.1.0.1", "10.1.0.2"))
    if there:
        new.add(SERVICES, there)
        new.add(SLICES, slice_("b", "10.2.0.1"))
    members = make_member(cluster("old"), old), make_member(cluster("new"), new)
    async with following(*members):
        yield Two(make_state(*filter(None, [found]), members=members), old, new)


async def test_s1_a_consumer_sees_every_provider_but_itself() -> None:
    async with two() as at:
        assert at.providers("new") == {"old": True}
        assert at.providers("old") == {"new": True}


async def test_a_view_holds_both_services_and_all_slices() -> None:
    async with two() as at:
        found = view(at.state, at.member("new"), SERVICE2)
        assert (found.fleet, found.key, found.intent, found.consumer.name) == ("fleet-1", SERVICE2, Intent.SYNC, "new")
        assert found.consumer.service is not None
        assert found.consumer.imports == ()
        (provider,) = found.providers
        assert provider.service is not None
        assert [s.metadata.name for s in provider.slices] == ["a"]


async def test_s6_a_service_that_appears_is_the_consent() -> None:
    async with two(there=None) as at:
        assert at.intent() is Intent.REMOVE
        at.new.add(SERVICES, service())
        await settle()
        assert at.intent() is Intent.SYNC


async def test_s7_a_provider_out_of_contact_is_there_and_blind() -> None:
    async with two() as at:
        at.old.cut()
        await settle()
        assert at.providers() == {"old": False}
        (provider,) = view(at.state, at.member("new"), SERVICE2).providers
        assert [s.metadata.name for s in provider.slices] == ["a"]


async def test_s7_a_provider_that_is_not_engaged_is_there_and_blind() -> None:
    async with two() as at:
        del at.state.members["old"]
        assert at.providers() == {"old": False}


async def test_s7_a_refused_secret_is_not_a_farewell() -> None:
    async with two() as at:
        at.state.clusters["old"] = None
        del at.state.members["old"]
        assert at.state.joined("old")
        assert at.providers() == {"old": False}


@pytest.mark.parametrize("leaving", [True, False], ids=["leaving", "gone"])
async def test_s11_a_provider_that_leaves_takes_no_part(leaving: bool) -> None:
    async with two() as at:
        if leaving:
            at.state.clusters["old"] = cluster("old", leaving=True)
        else:
            del at.state.clusters["old"]
            at.state.ledger.record = FleetRecord(FLEET_UID, left={"old": ENDED})
        assert at.providers() == {}
        assert at.intent("new") is Intent.SYNC


async def test_s7_a_provider_whose_secret_vanished_is_there_and_blind() -> None:
    """A label taken off, a hub restored without it: no farewell."""
    async with two() as at:
        del at.state.clusters["old"]
        del at.state.members["old"]
        assert at.providers() == {"old": False}


async def test_s7_a_provider_that_left_and_came_back_is_there() -> None:
    async with two() as at:
        at.state.ledger.record = FleetRecord(FLEET_UID, left={"old": ENDED})
        assert at.providers() == {"old": True}


async def test_s7_a_hub_out_of_view_orders_no_removal() -> None:
    async with two(there=None) as at:
        at.state.current = False
        assert at.intent() is Intent.KEEP
        at.state.current = True
        assert at.intent() is Intent.REMOVE


async def test_s11_a_consumer_that_leaves_is_emptied() -> None:
    async with two() as at:
        at.state.clusters["new"] = cluster("new", leaving=True)
        assert at.intent("new") is Intent.REMOVE


@pytest.mark.parametrize("found", [mcs(), None], ids=["with", "without"])
async def test_s7_a_consumer_whose_secret_vanished_is_left_as_it_is(found: MultiClusterService | None) -> None:
    """An emptied hub is not an order: a cluster that shall leave has a Secret that is being deleted."""
    async with two(found) as at:
        at.state.clusters.clear()
        assert at.intent("new") is Intent.KEEP


async def test_s14_a_provider_takes_part_in_allowed_namespaces_only() -> None:
    async with two() as at:
        at.state.clusters["old"] = cluster("old", namespaces="shop")
        assert at.providers() == {}
        at.state.clusters["old"] = cluster("old", namespaces="shop mcs-demo")
        assert at.providers() == {"old": True}


async def test_s14_a_consumer_takes_part_in_allowed_namespaces_only() -> None:
    async with two() as at:
        at.state.clusters["new"] = cluster("new", namespaces="shop")
        assert at.intent("new") is Intent.REMOVE


async def test_s7_without_multi_cluster_service_nothing_is_wanted() -> None:
    async with two(None) as at:
        assert at.intent() is Intent.KEEP


async def test_s11_a_debt_is_seen_in_the_cluster_that_owes_it_only() -> None:
    async with two(None) as at:
        at.state.ledger.record = FleetRecord(FLEET_UID, {"new": frozenset({SERVICE2})})
        assert at.intent("new") is Intent.REMOVE
        assert at.intent("old") is Intent.KEEP


async def test_s3_a_trigger_time_counts_from_the_last_thing_that_came_into_view() -> None:
    async with two() as at:
        at.member("new").since = "2026-01-01T00:00:01Z"
        at.member("old").since = "2026-01-01T00:00:02Z"
        assert view(at.state, at.member("new"), SERVICE2).since == "2026-01-01T00:00:02Z"
        at.state.decisive[SERVICE2] = Decisive(MCS.spec, True, False, "2026-01-01T00:00:03Z")
        assert view(at.state, at.member("new"), SERVICE2).since == "2026-01-01T00:00:03Z"


async def test_s3_a_trigger_time_counts_from_the_consumers_service_too() -> None:
    created = msgspec.structs.replace(service().metadata, creation_timestamp="2999-01-01T00:00:00Z")
    async with two(there=msgspec.structs.replace(service(), metadata=created)) as at:
        assert view(at.state, at.member("new"), SERVICE2).since == "2999-01-01T00:00:00Z"


async def test_a_cluster_is_told_with_what_it_has_and_what_it_got() -> None:
    async with two() as at:
        before = at.told("new")
        assert (before.own_ready, before.imported_ready, before.pending) == (1, 0, True)
        await apply(at.member("new"), plan(view(at.state, at.member("new"), SERVICE2)))
        assert at.told("new") == replace(before, imported_ready=2, pending=False)
        assert (before.joined, before.live, before.allowed, before.namespace) == (True, True, True, True)
        assert before.service is not None


async def test_s5_an_update_under_way_is_no_news_and_one_that_failed_is() -> None:
    async with two() as at:
        await apply(at.member("new"), plan(view(at.state, at.member("new"), SERVICE2)))
        at.old.add(SLICES, slice_("a", "10.1.0.1", "10.1.0.3"))
        at.member("new").queue.add(SERVICE2)
        await settle()
        assert plan(view(at.state, at.member("new"), SERVICE2)).update
        assert not at.told("new").pending
        at.member("new").failed[SERVICE2] = "too many requests"
        assert at.told("new").pending


async def test_s5_an_update_that_is_under_way_for_longer_than_a_moment_is_pending() -> None:
    async with two() as at:
        new = at.member("new")
        await apply(new, plan(view(at.state, new, SERVICE2)))
        at.old.add(SLICES, slice_("a", "10.1.0.1", "10.1.0.3"))
        new.queue.add(SERVICE2)
        await settle(PENDING_AFTER - 0.1)
        assert not at.told("new").pending
        await settle(0.1)
        assert at.told("new").pending


async def test_s5_an_update_that_nobody_is_about_to_make_is_pending() -> None:
    async with two() as at:
        await apply(at.member("new"), plan(view(at.state, at.member("new"), SERVICE2)))
        at.old.add(SLICES, slice_("a", "10.1.0.1", "10.1.0.3"))
        await settle()
        assert at.told("new").pending


async def test_s7_what_cannot_be_read_is_told_and_a_slice_only_where_it_provides() -> None:
    async with two(mcs("old", "old new")) as at:
        at.member("new").slices.unread.update({Key("mcs-demo", "odd"), None})
        at.member("old").slices.unread.update({Key("mcs-demo", "odd"), Key("other", "odd")})
        assert [at.told(name).unread for name in ("old", "new")] == ["EndpointSlice odd", ""]
        at.member("old").slices.unread.add(None)
        assert at.told("old").unread == "an EndpointSlice without a name"


async def test_what_waits_without_anything_to_write_is_not_pending() -> None:
    """As everything does for a while after a restart."""
    async with two() as at:
        new = at.member("new")
        await apply(new, plan(view(at.state, new, SERVICE2)))
        new.queue.add(SERVICE2, live=False)
        await settle(10 * PENDING_AFTER)
        assert not at.told("new").pending


async def test_failures_are_told() -> None:
    async with two() as at:
        at.member("new").failed[SERVICE2] = "too many requests"
        at.member("new").refused[SERVICE2] = "may not create"
        assert (at.told("new").failed, at.told("new").refused) == ("too many requests", "may not create")


async def test_a_missing_namespace_is_told() -> None:
    async with two(there=None) as at:
        at.new.take(NAMESPACES, Key("", "mcs-demo"))
        await settle()
        assert not at.told("new").namespace
        assert at.told("old").namespace


async def test_a_namespace_that_cannot_be_looked_at_is_not_called_missing() -> None:
    async with two() as at:
        at.new.cut(NAMESPACES)
        await settle()
        at.new.take(NAMESPACES, Key("", "mcs-demo"))
        assert at.told("new").namespace


async def test_s7_a_provider_whose_services_are_out_of_view_is_blind() -> None:
    async with two() as at:
        at.old.cut(SERVICES)
        await settle()
        assert at.providers() == {"old": False}
        assert not at.told("old").live


async def test_a_cluster_is_told_as_live_when_that_is_in_view_which_its_role_needs() -> None:
    """A mere consumer gets its endpoints while its watch of Services reconnects."""
    async with two(mcs("old", "new")) as at:
        at.new.cut(SERVICES, NAMESPACES)
        await settle()
        assert at.told("new").live
        at.new.cut(SLICES)
        await settle()
        assert not at.told("new").live


async def test_s7_a_service_that_was_not_seen_yet_orders_no_removal() -> None:
    async with two(there=None) as at:
        at.new.cut(SERVICES)
        await settle()
        assert at.intent() is Intent.KEEP


async def test_s14_a_barred_namespace_is_told() -> None:
    async with two() as at:
        at.state.clusters["new"] = cluster("new", namespaces="shop")
        assert not at.told("new").allowed


async def test_s7_lost_contact_is_told_with_the_last_known_numbers() -> None:
    async with two() as at:
        at.old.cut()
        await settle()
        found = at.told("old")
        assert (found.joined, found.live, found.trouble, found.own_ready) == (True, False, "the line is cut", 2)


async def test_clusters_that_are_not_engaged_are_told_with_the_reason() -> None:
    async with two() as at:
        at.state.members.clear()
        at.state.clusters["new"] = None
        stranger = at.told("stranger")
        assert (at.told("old").live, at.told("old").trouble) == (False, "not engaged yet")
        assert at.told("new").trouble == "its Secret was refused; see the controller's log"
        assert (stranger.joined, stranger.live) == (False, False)


async def test_s7_another_fleets_imports_are_told() -> None:
    async with two() as stage:
        assert stage.told("new").strangers == ()
        for name, uid in (("x", "fleet-0"), ("y", "fleet-0"), ("z", FLEET_UID)):
            stage.new.add(SLICES, slice_(name, manager=MANAGER, labels={FLEET: uid}))
        await settle()
        assert stage.told("new").strangers == ("fleet-0",)
        assert stage.told("old").strangers == ()


async def test_an_endpoint_of_two_families_counts_once_in_each_cluster_s13() -> None:
    async with two(mcs("old new third", "new")) as at:
        at.old.add(SLICES, slice_("six", "fd00::1", "fd00::2", address_type="IPv6"))
        await settle()
        assert at.told("old").own_ready == 2
        await apply(at.member("new"), plan(view(at.state, at.member("new"), SERVICE2)))
        assert at.told("new").imported_ready == 2


async def test_providers_of_one_family_each_are_both_counted_s13() -> None:
    six = slice_("six", "fd00::1", "fd00::2", "fd00::3", address_type="IPv6")
    async with two() as at:
        for name, source in (("old", slice_("a", "10.1.0.1", "10.1.0.2")), ("third", six)):
            labels = {FLEET: FLEET_UID, SOURCE_CLUSTER: name}
            copy = slice_(f"of-{name}", manager=MANAGER, labels=labels)
            at.new.add(SLICES, msgspec.structs.replace(source, metadata=copy.metadata))
        await settle()
        assert at.told("new").imported_ready == 5


async def test_a_provider_without_consent_is_told_with_what_it_would_export_s10() -> None:
    async with two(mcs("old", "new")) as at:
        for api in (at.old, at.new):
            api.add(SERVICES, service(selector=False))
        await settle()
        assert (at.told("old").unexported, at.told("old").own_ready) == (1, 0)
        assert at.told("new").unexported == 0, "it provides nothing"


async def test_a_service_is_current_while_services_are_in_view_s10() -> None:
    async with two(mcs("old", "new")) as at:
        assert at.told("new").current
        at.new.cut(SERVICES)
        await settle()
        assert not at.told("new").current


@pytest.mark.parametrize("headless", [True, False])
async def test_own_slices_are_looked_at_where_host_names_matter_s10(headless: bool) -> None:
    async with two(there=service(headless=headless)) as at:
        at.new.add(SLICES, slice_("copy", manager=MANAGER, labels={FLEET: FLEET_UID}))
        await settle()
        found = view(at.state, at.member("new"), SERVICE2).consumer.own
        assert [slice_.metadata.name for slice_ in found] == (["b"] if headless else [])
        assert at.told("new").withheld == ()


async def test_a_consumer_gets_what_the_provider_declares_and_nothing_of_its_own_networks_s9() -> None:
    async with two(mcs("old", "new")) as at:
        (provider,) = view(at.state, at.member("new"), SERVICE2).providers
        assert (provider.gate.declared, provider.gate.barred) == (POD_CIDRS["old"], (*POD_CIDRS["new"], *SERVICE_CIDRS))


async def test_where_nothing_is_declared_what_was_imported_stays_and_nothing_new_comes_s9() -> None:
    async with two(mcs("old", "new")) as at:
        await apply(at.member("new"), plan(view(at.state, at.member("new"), SERVICE2)))
        at.state.clusters["old"] = replace(cluster("old"), pod_cidrs=())
        at.old.add(SLICES, slice_("a", "10.1.0.1", "10.1.0.3"))
        await settle()
        (update,) = plan(view(at.state, at.member("new"), SERVICE2)).update
        assert [endpoint.addresses for endpoint in update.slice.endpoints or ()] == [("10.1.0.1",)]
        ((reason, text),) = at.told("new").withheld
        assert (reason, "10.1.0.3 is new, and no pod networks are declared" in text) == ("AddressFiltered", True)


async def test_a_secret_that_is_refused_declares_what_it_did_s9() -> None:
    async with two(mcs("old", "new")) as at:
        at.state.described["old"] = cluster("old")
        at.state.clusters["old"] = None
        (provider,) = view(at.state, at.member("new"), SERVICE2).providers
        assert provider.gate.declared == POD_CIDRS["old"]


def moving(offered: int | None, changes: int = 1) -> ServiceMigration:
    meta = ObjectMeta(SERVICE2.name, SERVICE2.namespace, creation_timestamp="2026-01-01T10:00:00Z", generation=changes)
    return ServiceMigration(meta, ServiceMigrationSpec("new", "old", offered))


async def test_what_is_offered_of_the_cluster_that_a_service_moves_to_is_told() -> None:
    async with two() as at:
        at.state.service_migrations = {SERVICE2: moving(1)}
        await apply(at.member("new"), plan(view(at.state, at.member("new"), SERVICE2)))
        await settle()
        assert at.told("old").offered == "1 of 2, about 50% of new connections in new"
        assert (at.told("new").offered, at.told("new").imported_ready) == ("", 1)
        at.state.service_migrations = {SERVICE2: moving(None)}
        assert at.told("old").offered == ""
        astray = msgspec.structs.replace(moving(0).spec, to="odl")
        at.state.service_migrations = {SERVICE2: msgspec.structs.replace(moving(0), spec=astray)}
        assert at.told("old").offered == "all: ServiceMigration service2 moves to odl, which is no provider"


async def test_out_of_contact_what_a_later_word_wrote_stays_s12() -> None:
    """Another controller may lead by now; in contact, nobody else does, and ours is the last word."""
    async with two() as at:
        at.state.service_migrations = {SERVICE2: moving(0, changes=9)}
        await apply(at.member("new"), plan(view(at.state, at.member("new"), SERVICE2)))
        await settle()
        for known in ({}, {SERVICE2: moving(2, changes=8)}):
            at.state.service_migrations = known
            at.state.in_contact = lambda: False
            assert at.providers() == {"old": False}
            at.state.in_contact = lambda: True
            assert at.providers() == {"old": True}
        at.state.service_migrations = {SERVICE2: moving(2, changes=9)}
        at.state.in_contact = lambda: False
        assert at.providers() == {"old": True}, "it goes on with what it knows"


async def test_s7_a_migration_that_cannot_be_read_widens_nothing() -> None:
    async with two() as at:
        at.state.may_be_limited = SERVICE2.__eq__
        assert at.providers("old") == {"new": False}
        assert at.told("new").unread == "ServiceMigration service2, on the hub"
        at.state.service_migrations = {SERVICE2: moving(1)}
        assert at.providers("old") == {"new": True}
        assert at.told("new").unread == ""
