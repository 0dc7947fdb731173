from __future__ import annotations

import pytest

from landbridge.enroll.argocd.departure import LOST_ACCOUNT
from landbridge.enroll.leave import NOT_A_MEMBER, leave
from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.kube.errors import ForbiddenError, UnreachableError
from tests.silence import silent
from tests.unit.fleet.stage import (
    ACCOUNT,
    ARGOCD,
    ARGOCD_ACCOUNT,
    ARGOCD_BINDING,
    ARGOCD_SECRET,
    REGISTRATION,
    SECRET,
    WITH_ARGOCD,
    TokenController,
    cluster,
    join_in_memory,
    put_secret,
)
from tests.unit.memory_api import MemoryApi


@pytest.fixture
async def member(hub: MemoryApi) -> TokenController:
    member = cluster("old", "https://old:6443")
    member.answers["GET", "/apis"] = {"groups": []}
    member.answers["GET", "/api/v1"] = {"resources": [{"name": "secrets", "namespaced": True, "verbs": ["list"]}]}
    await join_in_memory(hub, member, WITH_ARGOCD)
    return member


GONE = [(ARGOCD_ACCOUNT,), (ARGOCD_ACCOUNT, ARGOCD_SECRET), (ARGOCD_BINDING,), (ARGOCD_SECRET,)]


def release(hub: MemoryApi) -> None:
    """Let the finalizer go, as a controller does."""

    def before(method: str, path: str) -> None:
        if (method, path) == ("GET", SECRET) and hub.objects.get(SECRET, {}).get("metadata", {}).get(
            "deletionTimestamp"
        ):
            hub.remove(SECRET)

    hub.before = before


def away(method: str, path: str) -> None:
    raise UnreachableError("cut")


@pytest.mark.looptime
async def test_s11_nothing_stays_in_the_member_or_with_argo_cd(hub: MemoryApi, member: TokenController) -> None:
    release(hub)
    await leave(hub, member, "oldcluster", silent)
    assert not any("landbridge" in path for path in member.objects)
    assert [path for path in hub.objects if ARGOCD in path] == [ARGOCD, f"{ARGOCD}/configmaps/argocd-cm"]


@pytest.mark.looptime
@pytest.mark.parametrize("gone", GONE, ids=["account", "account and Secret", "binding", "Secret"])
async def test_whatever_is_left_of_the_account_goes(
    hub: MemoryApi, member: TokenController, gone: tuple[str, ...]
) -> None:
    for path in gone:
        member.remove(path)
    release(hub)
    await leave(hub, member, "oldcluster", silent)
    assert not any("landbridge" in path for path in member.objects)


@pytest.mark.looptime
async def test_argo_cd_keeps_it_until_the_controller_let_go(hub: MemoryApi, member: TokenController) -> None:
    with pytest.raises(TimedOutError):
        await leave(hub, member, "oldcluster", silent, timeout=3)
    assert REGISTRATION in hub.objects
    assert {ARGOCD_ACCOUNT, ARGOCD_BINDING, ARGOCD_SECRET} <= set(member.objects)


@pytest.mark.looptime
async def test_a_secret_that_is_not_ours_stays(hub: MemoryApi, member: TokenController) -> None:
    put_secret(hub, "cluster-oldcluster", {"name": "oldcluster", "server": member.server}, uid="another")
    release(hub)
    await leave(hub, member, "oldcluster", silent)
    assert REGISTRATION in hub.objects
    assert not any("landbridge" in path for path in member.objects)


@pytest.mark.looptime
async def test_a_change_of_the_secret_meanwhile_does_not_hold_it(hub: MemoryApi, member: TokenController) -> None:
    release(hub)
    let_go = hub.before
    touched: list[str] = []

    def before(method: str, path: str) -> None:
        let_go(method, path)
        if (method, path) == ("DELETE", REGISTRATION) and not touched:
            touched.append(path)
            hub.put(path, hub.objects[path])

    hub.before = before
    await leave(hub, member, "oldcluster", silent)
    assert touched
    assert REGISTRATION not in hub.objects


@pytest.mark.looptime
async def test_what_a_stranger_put_there_meanwhile_stays(hub: MemoryApi, member: TokenController) -> None:
    release(hub)
    let_go = hub.before

    def before(method: str, path: str) -> None:
        let_go(method, path)
        if (method, path) == ("DELETE", REGISTRATION):
            put_secret(hub, "cluster-oldcluster", {"name": "x", "server": "https://x:6443"})

    hub.before = before
    await leave(hub, member, "oldcluster", silent)
    assert REGISTRATION in hub.objects


@pytest.mark.looptime
async def test_s11_argo_cd_forgets_the_cluster_before_its_account_goes(hub: MemoryApi, member: TokenController) -> None:
    known: list[bool] = []

    def before(method: str, path: str) -> None:
        if method == "DELETE":
            known.append(REGISTRATION in hub.objects)

    member.before = before
    release(hub)
    await leave(hub, member, "oldcluster", silent)
    assert known
    assert not any(known)


@pytest.mark.looptime
@pytest.mark.parametrize("held", [ARGOCD_ACCOUNT, ARGOCD_BINDING, ARGOCD_SECRET])
async def test_a_cluster_has_not_left_while_the_account_is_held_there(
    hub: MemoryApi, member: TokenController, held: str
) -> None:
    meta = member.objects[held]["metadata"]
    member.objects[held]["metadata"] = meta | {"finalizers": ["example.com/held"]}
    release(hub)
    with pytest.raises(TimedOutError, match="landbridge-argocd; see its finalizers"):
        await leave(hub, member, "oldcluster", silent)
    assert ACCOUNT in member.objects


def deploy(hub: MemoryApi) -> None:
    path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/web"
    hub.put(path, {"metadata": {"namespace": "argocd"}, "spec": {"destination": {"server": "https://old:6443"}}})


async def test_a_dry_run_names_the_applications_and_changes_nothing(hub: MemoryApi, member: TokenController) -> None:
    deploy(hub)
    hub.calls.clear()
    member.calls.clear()
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, dry_run=True)
    assert any(line.startswith("1 Application of Argo CD") and "argocd/web" in line for line in said)
    assert any("would delete Secret argocd/cluster-oldcluster" in line for line in said)
    assert hub.writes == member.writes == []


@pytest.mark.looptime
async def test_a_cluster_that_is_not_registered_is_not_held_against_applications(hub: MemoryApi) -> None:
    member = cluster("old", "https://old:6443")
    await join_in_memory(hub, member)
    deploy(hub)
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, dry_run=True)
    assert not any("Argo" in line for line in said)


@pytest.mark.looptime
async def test_a_lost_cluster_goes_from_argo_cd_and_what_stays_is_said(hub: MemoryApi, member: TokenController) -> None:
    member.before = away
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, force=True)
    assert REGISTRATION not in hub.objects
    assert LOST_ACCOUNT in said


@pytest.mark.looptime
@pytest.mark.parametrize("unseen", ["deleted by hand", "not readable"])
async def test_a_lost_cluster_may_have_the_account_whatever_the_hub_says(
    hub: MemoryApi, member: TokenController, unseen: str
) -> None:
    if unseen == "not readable":
        barred(hub)
    else:
        hub.remove(REGISTRATION)
    said: list[str] = []
    await leave(hub, None, "oldcluster", said.append, force=True)
    assert LOST_ACCOUNT in said


@pytest.mark.looptime
async def test_a_dry_run_for_a_lost_cluster_says_what_the_real_run_would(
    hub: MemoryApi, member: TokenController
) -> None:
    hub.calls.clear()
    said: list[str] = []
    await leave(hub, None, "oldcluster", said.append, force=True, dry_run=True)
    assert said[-1] == f"dry run: {LOST_ACCOUNT}"
    assert not any("would delete Argo CD's account" in line for line in said)
    assert hub.writes == []


@pytest.mark.looptime
@pytest.mark.parametrize("reached", [True, False])
async def test_what_joining_by_another_name_left_goes_too(
    hub: MemoryApi, member: TokenController, reached: bool
) -> None:
    put_secret(hub, "cluster-former", {"name": "former", "server": member.server}, uid="old")
    put_secret(hub, "cluster-another", {"name": "another", "server": member.server}, uid="another")
    release(hub)
    await leave(hub, member if reached else None, "oldcluster", silent, force=not reached)
    assert [path for path in hub.objects if f"{ARGOCD}/secrets" in path] == [f"{ARGOCD}/secrets/cluster-another"]


async def test_a_registration_that_is_not_ours_is_no_leave_to_go_on_with(hub: MemoryApi) -> None:
    put_secret(hub, "cluster-x", {"name": "x", "server": "https://x:6443"})
    hub.calls.clear()
    with pytest.raises(RefusedError) as refusal:
        await leave(hub, None, "x", silent, force=True)
    assert refusal.value.reason == NOT_A_MEMBER
    assert hub.writes == []


@pytest.mark.looptime
async def test_a_dry_run_says_that_the_account_would_go(hub: MemoryApi, member: TokenController) -> None:
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, dry_run=True)
    assert f"dry run: would delete Argo CD's account in {member.server}" in said


@pytest.mark.looptime
async def test_a_leave_that_was_interrupted_goes_on(hub: MemoryApi, member: TokenController) -> None:
    hub.remove(SECRET)
    await leave(hub, member, "oldcluster", silent)
    assert REGISTRATION not in hub.objects
    assert not any("landbridge" in path for path in member.objects)


@pytest.mark.looptime
@pytest.mark.parametrize("reached", [True, False])
async def test_a_registration_alone_is_a_leave_to_go_on_with(
    hub: MemoryApi, member: TokenController, reached: bool
) -> None:
    hub.remove(SECRET)
    member.remove(ACCOUNT)
    await leave(hub, member if reached else None, "oldcluster", silent, force=not reached)
    assert REGISTRATION not in hub.objects


async def test_a_registration_of_a_member_by_another_name_is_no_leave(hub: MemoryApi, member: TokenController) -> None:
    meta = hub.objects[REGISTRATION]["metadata"] | {"name": "cluster-another"}
    hub.put(f"{ARGOCD}/secrets/cluster-another", hub.objects[REGISTRATION] | {"metadata": meta})
    for reached in (member, None):
        with pytest.raises(RefusedError) as refusal:
            await leave(hub, reached, "another", silent, force=reached is None)
        assert refusal.value.reason == NOT_A_MEMBER
    assert REGISTRATION in hub.objects


def barred(hub: MemoryApi) -> None:
    release(hub)
    let_go = hub.before

    def before(method: str, path: str) -> None:
        if ARGOCD in path:
            raise ForbiddenError(403, "Forbidden", "not you")
        let_go(method, path)

    hub.before = before


async def test_whoever_may_not_take_it_from_argo_cd_is_refused_first(hub: MemoryApi, member: TokenController) -> None:
    barred(hub)
    member.calls.clear()
    hub.calls.clear()
    with pytest.raises(ForbiddenError):
        await leave(hub, member, "oldcluster", silent)
    assert hub.writes == member.writes == []


@pytest.mark.looptime
async def test_whoever_may_not_look_there_may_let_others_leave(hub: MemoryApi) -> None:
    member = cluster("old", "https://old:6443")
    member.answers["GET", "/apis"] = {"groups": []}
    member.answers["GET", "/api/v1"] = {"resources": []}
    await join_in_memory(hub, member)
    barred(hub)
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append)
    assert SECRET not in hub.objects
    assert any("whether Argo CD knows oldcluster could not be seen: not you" in line for line in said)
