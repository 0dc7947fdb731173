"""A member's caches, and when they can be trusted."""

from __future__ import annotations

import pytest

from landbridge.api.core import SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key
from landbridge.api.names import FLEET, MANAGER
from landbridge.clusters import member as module
from landbridge.kube.errors import ForbiddenError
from landbridge.kube.patience import Patience
from tests.unit.fakes import Heard, WatchedApi, following, make_member, settle
from tests.unit.objects import FLEET_UID, SERVICE2, cluster, service, slice_

pytestmark = pytest.mark.looptime


async def test_s7_a_member_is_live_when_every_cache_is_and_says_so_once() -> None:
    heard = Heard()
    member = make_member(cluster("old"), WatchedApi(), heard)
    assert (member.live, member.trouble) == (False, "not everything is read yet")
    async with following(member):
        assert heard.contacts == [True]


async def test_s7_a_member_is_not_live_while_one_of_its_caches_is_not() -> None:
    def refuse(method: str, path: str) -> None:
        if "endpointslices" in path:
            raise ForbiddenError(403, "Forbidden", "may not list slices")

    api, heard = WatchedApi(), Heard()
    api.before = refuse
    member = make_member(cluster("old"), api, heard)
    async with following(member):
        await settle(60)
        assert (member.live, member.trouble, heard.contacts) == (False, "may not list slices", [])


async def test_s7_a_cut_line_keeps_what_was_known() -> None:
    api, heard = WatchedApi(), Heard()
    api.add(SLICES, slice_("a"))
    member = make_member(cluster("old"), api, heard)
    async with following(member):
        api.cut()
        await settle()
        assert not member.live
        assert member.trouble == "the line is cut"
        assert heard.contacts == [True, False]
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
        await settle(60)
        assert member.live
        assert member.since == "healed"
        assert heard.contacts == [True, False, True]
        assert member.services.store.get(SERVICE2) is not None


async def test_changes_are_told_by_the_key_of_the_service() -> None:
    api, heard = WatchedApi(), Heard()
    async with following(make_member(cluster("old"), api, heard)):
        heard.changes.clear()
        api.add(SERVICES, service())
        api.add(SLICES, slice_("service2-abcde"))
        await settle()
    assert heard.changes == [SERVICE2, SERVICE2]


async def test_a_namespace_is_told_by_its_name() -> None:
    heard = Heard()
    async with following(make_member(cluster("old"), WatchedApi(), heard)):
        assert heard.changes == [Key("", "mcs-demo")]


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
