from __future__ import annotations

import pytest
from msgspec.structs import replace

from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key
from landbridge.enroll.leave import leave
from landbridge.fleet import record
from landbridge.fleet.amendment import amend
from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.fleet.settings import MISSING
from landbridge.kube.api import MERGE_PATCH
from landbridge.kube.errors import UnreachableError
from tests.silence import silent
from tests.unit.fleet.stage import ACCOUNT, SECRET, SYSTEM, cluster, join_in_memory, put_import
from tests.unit.memory_api import MemoryApi


@pytest.fixture
async def member(hub: MemoryApi) -> MemoryApi:
    member = cluster("old", "https://old:6443")
    member.answers["GET", "/apis"] = {"groups": []}
    configmaps = {"name": "configmaps", "namespaced": True, "verbs": ["list"]}
    member.answers["GET", "/api/v1"] = {"resources": [configmaps]}
    await join_in_memory(hub, member)
    return member


def release(hub: MemoryApi, polls: int = 3) -> None:
    """Let the finalizer go at some look at the Secret, as a controller does."""
    looks: list[str] = []

    def before(method: str, path: str) -> None:
        looks.append(path)
        if looks.count(SECRET) > polls:
            hub.before = lambda method, path: None
            hub.remove(SECRET)

    hub.before = before


@pytest.mark.looptime
async def test_account_and_namespace_go_after_the_controller_let_go_s11(hub: MemoryApi, member: MemoryApi) -> None:
    release(hub)
    await leave(hub, member, "oldcluster", silent)
    assert not any("landbridge" in path for path in member.objects)


@pytest.mark.looptime
async def test_what_a_finalizer_holds_in_the_member_is_named_while_it_is_waited_for_s11(
    hub: MemoryApi, member: MemoryApi
) -> None:
    labels = {"endpointslice.kubernetes.io/managed-by": "landbridge.dev", "landbridge.dev/fleet": "fleet-uid"}
    meta = {"namespace": "shop", "labels": labels, "finalizers": ["example.com/keep"], "deletionTimestamp": "2026"}
    member.put("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/web-a", {"metadata": meta})
    release(hub)
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append)
    assert any("1 imports left in oldcluster; import web-a held by finalizer example.com/keep" in line for line in said)


@pytest.mark.looptime
async def test_nothing_goes_in_the_member_while_the_controller_works_s11(hub: MemoryApi, member: MemoryApi) -> None:
    with pytest.raises(TimedOutError, match="no controller has run"):
        await leave(hub, member, "oldcluster", silent, timeout=30)
    assert ACCOUNT in member.objects
    assert SECRET in hub.objects


@pytest.mark.looptime
async def test_a_namespace_that_join_did_not_make_stays(hub: MemoryApi, member: MemoryApi) -> None:
    member.put(SYSTEM, {"metadata": {"name": "landbridge-system"}})
    release(hub)
    await leave(hub, member, "oldcluster", silent)
    assert [path for path in member.objects if "landbridge" in path] == [SYSTEM]


@pytest.mark.looptime
async def test_a_namespace_that_others_use_stays_and_it_is_said(hub: MemoryApi, member: MemoryApi) -> None:
    member.put(f"{SYSTEM}/configmaps/theirs", {})
    member.put(f"{SYSTEM}/configmaps/kube-root-ca.crt", {})
    release(hub)
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append)
    assert f"{SYSTEM}/configmaps/theirs" in member.objects
    assert any("configmaps/theirs in it is not ours" in line for line in said)


@pytest.mark.looptime
async def test_force_drops_the_debt_and_says_what_stays_s11(hub: MemoryApi, member: MemoryApi) -> None:
    debts = {name: frozenset({Key("shop", "web")}) for name in ("oldcluster", "other")}
    await amend(hub, lambda found: replace(found, debts=debts, members=frozenset(debts)))

    def away(method: str, path: str) -> None:
        raise UnreachableError("cut")

    member.before = away
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, force=True)
    assert SECRET not in hub.objects
    found = await record.load(hub)
    assert set(found.debts) == found.members == {"other"}
    assert set(found.left) == {"oldcluster"}
    assert any("landbridge.dev/fleet=fleet-uid" in line for line in said)
    assert any("imports from oldcluster in other clusters are removed by the controller" in line for line in said)


async def break_secret(hub: MemoryApi) -> None:
    """A person edits the Secret, and the controller refuses it from now on."""
    await hub.request("PATCH", SECRET, body=b'{"data": {"config": null}}', content_type=MERGE_PATCH)


@pytest.mark.parametrize("leaving", [False, True])
async def test_a_cluster_that_no_controller_can_clean_is_refused_at_once(
    hub: MemoryApi, member: MemoryApi, leaving: bool
) -> None:
    await break_secret(hub)
    if leaving:
        await hub.request("DELETE", SECRET)
    hub.calls.clear()
    member.calls.clear()
    with pytest.raises(RefusedError, match=r"`config`.*--force") as refusal:
        await leave(hub, member, "oldcluster", silent)
    assert refusal.value.reason == MISSING
    assert ("join it again to mend its Secret" in str(refusal.value)) is not leaving  # join refuses what is leaving
    assert hub.writes == member.writes == []


@pytest.mark.looptime
async def test_a_cluster_whose_secret_is_refused_can_be_forced_out(hub: MemoryApi, member: MemoryApi) -> None:
    await break_secret(hub)
    await leave(hub, member, "oldcluster", silent, force=True)
    assert SECRET not in hub.objects
    assert ACCOUNT not in member.objects


async def test_an_unreachable_member_needs_force(hub: MemoryApi, member: MemoryApi) -> None:
    def away(method: str, path: str) -> None:
        raise UnreachableError("cut")

    member.before = away
    with pytest.raises(UnreachableError):
        await leave(hub, member, "oldcluster", silent)
    assert not hub.objects[SECRET]["metadata"].get("deletionTimestamp")


async def test_the_services_that_still_name_it_are_told(hub: MemoryApi, member: MemoryApi) -> None:
    path = "/apis/networking.one.alibabacloud.com/v1alpha1/namespaces/shop/multiclusterservices"
    refs = {"providerClusters": [{"name": "oldcluster"}], "consumerClusters": [{"name": "newcluster"}]}
    hub.put(f"{path}/web", {"metadata": {"namespace": "shop"}, "spec": refs})
    hub.put(f"{path}/other", {"spec": {**refs, "providerClusters": [{"name": "newcluster"}]}})
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, dry_run=True)
    assert said[0].startswith("1 MultiClusterService still naming oldcluster")
    assert "shop/web" in said[0]


async def test_a_member_by_another_name_is_not_touched(hub: MemoryApi, member: MemoryApi) -> None:
    before = set(member.objects)
    with pytest.raises(RefusedError, match="its members: oldcluster"):
        await leave(hub, member, "another", silent)
    assert set(member.objects) == before


@pytest.mark.looptime
async def test_what_another_fleet_left_stays_and_is_told(hub: MemoryApi, member: MemoryApi) -> None:
    put_import(member, "former-fleet")
    release(hub)
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append)
    assert any("it holds 1 imports of fleet former-fleet" in line for line in said)
    assert SLICES.path("shop", "former-fleet-0") in member.objects
