"""A member's caches, and when they can be trusted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from landbridge.api.core import NAMESPACES, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.kind import Kind
from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.api.names import FLEET, MANAGER
from landbridge.clusters import member as module
from landbridge.clusters.member import FIRST_LOOK
from landbridge.kube.patience import Patience
from tests.unit.fakes import Heard, WatchedApi, following, make_member, settle
from tests.unit.objects import FLEET_UID, SERVICE2, cluster, service, slice_

pytestmark = pytest.mark.looptime


async def test_s7_a_member_says_when_it_becomes_live() -> None:
    heard = Heard()
    member = make_member(cluster("old"), WatchedApi(), heard)
    assert (member.live, member.writable, member.trouble) == (False, False, "not everything is read yet")
    async with following(member):
        assert (member.live, member.writable) == (True, True)
        assert set(heard.contacts) == {True}


@pytest.mark.parametrize("kind", [SLICES, SERVICES], ids=["slices", "Services"])
async def test_s7_without_slices_or_services_it_is_neither_live_nor_written(kind: Kind[Any]) -> None:
    api = WatchedApi()
    api.cut(kind)
    member = make_member(cluster("old"), api)
    async with following(member):
        await settle(60)
        assert (member.live, member.writable, member.trouble) == (False, False, "the line is cut")


async def test_s7_a_quiet_watch_of_services_stops_no_writes_but_absence_counts_no_more() -> None:
    api, heard = WatchedApi(), Heard()
    member = make_member(cluster("old"), api, heard)
    async with following(member):
        heard.contacts.clear()
        api.cut(SERVICES)
        await settle()
        assert (member.live, member.writable) == (False, True)
        assert heard.contacts == [False]


async def test_s11_a_cluster_that_becomes_writable_without_becoming_live_says_so() -> None:
    """Services may be listed and not watched: imports can be removed there, and an end may wait for just that."""
    api, heard = WatchedApi(), Heard()
    api.unwatched.add(SERVICES.path())
    member = make_member(cluster("old"), api, heard)
    api.slow_kinds[SERVICES.path()] = last = asyncio.Event()
    async with following(member):
        assert not member.writable
        heard.contacts.clear()
        last.set()
        await settle()
        assert (member.live, member.writable) == (False, True)
        assert heard.contacts == [True]


async def test_namespaces_stop_nothing() -> None:
    api, heard = WatchedApi(), Heard()
    api.cut(NAMESPACES)
    member = make_member(cluster("old"), api, heard)
    async with following(member):
        assert (member.live, member.writable) == (True, True)
        assert not member.lacks_namespace("shop")
        api.heal()
        await settle(60)
        assert member.lacks_namespace("shop")
        heard.contacts.clear()
        api.cut(NAMESPACES)
        await settle(60)
        assert (member.live, member.writable, heard.contacts) == (True, True, [])


async def test_a_cluster_that_never_shows_everything_counts_as_lost_and_says_so() -> None:
    """Or whatever waits for its word would wait for ever."""
    api, heard = WatchedApi(), Heard()
    member = make_member(cluster("old"), api, heard)
    api.slow = asyncio.Event()
    async with following(member):
        await settle(FIRST_LOOK - 1)
        assert (member.connecting, heard.contacts) == (True, [])
        await settle(2)
        assert (member.connecting, heard.contacts) == (False, [False])
        api.slow.set()
        await settle()
        assert member.live


async def test_a_cluster_that_refused_once_is_not_connecting_any_more() -> None:
    api = WatchedApi()
    api.cut()
    member = make_member(cluster("old"), api)
    assert member.connecting
    async with following(member):
        assert not member.connecting


async def test_s7_a_cut_line_keeps_what_was_known() -> None:
    api, heard = WatchedApi(), Heard()
    api.add(SLICES, slice_("a"))
    member = make_member(cluster("old"), api, heard)
    async with following(member):
        api.cut()
        await settle()
        assert not member.live
        assert member.trouble == "the line is cut"
        assert heard.contacts[-1] is False
        assert [s.metadata.name for s in member.slices.store.group(SERVICE2)] == ["a"]


async def test_s7_a_list_without_the_last_own_endpoints_of_a_service_is_confirmed() -> None:
    """Its imports, which stay, must not hide that."""
    api = WatchedApi()
    api.patience = Patience(5)
    api.add(SLICES, slice_("own"))
    api.add(SLICES, slice_("ours", manager=MANAGER, labels={FLEET: FLEET_UID}))
    member = make_member(cluster("old"), api)
    lists: list[set[str]] = []

    def look(method: str, path: str) -> None:
        if path == SLICES.path():
            lists.append({slice_.metadata.name for slice_ in member.slices.store})

    async with following(member):
        api.cut()
        await settle(5)
        api.take(SLICES, Key("mcs-demo", "own"))
        api.before = look
        api.heal()
        await settle(60)
        assert lists == [{"own", "ours"}] * 2
        assert {slice_.metadata.name for slice_ in member.slices.store} == {"ours"}


async def test_contact_is_won_again_and_says_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    api, heard = WatchedApi(), Heard()
    times = iter(["created", "engaged", "healed"])
    monkeypatch.setattr(module, "utc_now", lambda: next(times))
    member = make_member(cluster("old"), api, heard)
    assert member.since == "created"
    async with following(member):
        assert member.since == "engaged"
        api.cut()
        await settle()
        api.add(SERVICES, service())
        api.heal()
        heard.contacts.clear()
        await settle(60)
        assert member.live
        assert member.since == "healed"
        assert set(heard.contacts) == {True}
        assert member.services.store.get(SERVICE2) is not None


async def test_changes_are_told_by_the_key_of_the_service() -> None:
    api, heard = WatchedApi(), Heard()
    async with following(make_member(cluster("old"), api, heard)):
        heard.changes.clear()
        api.add(SERVICES, service())
        api.add(SLICES, slice_("service2-abcde"))
        await settle()
    assert heard.changes == [SERVICE2, SERVICE2]


async def test_s15_a_namespace_is_told_when_it_comes_and_when_it_goes_and_no_edit_of_it() -> None:
    """Each costs a look at every MultiClusterService, and whoever may label a namespace may do so all the time."""
    api, heard = WatchedApi(), Heard()
    shop = Key("", "shop")
    async with following(make_member(cluster("old"), api, heard)):
        assert heard.changes == []
        for label in "abc":
            api.add(NAMESPACES, Object(ObjectMeta("shop", labels={"edited": label})))
            api.add(NAMESPACES, Object(ObjectMeta("mcs-demo", labels={"edited": label})))
            await settle()
        assert heard.changes == [shop]
        api.take(NAMESPACES, shop)
        await settle()
        assert heard.changes == [shop] * 2


async def test_s15_namespaces_that_are_there_from_the_start_are_told_all_at_once() -> None:
    """By the contact that is won."""
    api, heard = WatchedApi(), Heard()
    api.slow_kinds[NAMESPACES.path()] = last = asyncio.Event()
    for number in range(50):
        api.add(NAMESPACES, Object(ObjectMeta(f"shop-{number}")))
    async with following(make_member(cluster("old"), api, heard)):
        heard.contacts.clear()
        last.set()
        await settle()
    assert (heard.changes, heard.contacts) == ([], [True])


async def test_s7_imports_are_what_this_very_fleet_wrote() -> None:
    api = WatchedApi()
    api.add(SLICES, slice_("own"))
    api.add(SLICES, slice_("ours", manager=MANAGER, labels={FLEET: FLEET_UID}))
    api.add(SLICES, slice_("of-another-fleet", manager=MANAGER, labels={FLEET: "fleet-2"}))
    api.add(SLICES, slice_("labelled-by-a-stranger", manager="stranger", labels={FLEET: FLEET_UID}))
    api.add(SLICES, slice_("elsewhere", key=Key("shop", "service2"), manager=MANAGER, labels={FLEET: FLEET_UID}))
    member = make_member(cluster("old"), api)
    async with following(member):
        assert [import_.metadata.name for import_ in member.imports(SERVICE2, FLEET_UID)] == ["ours"]
