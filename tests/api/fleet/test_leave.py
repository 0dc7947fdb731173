from __future__ import annotations

import pytest
from landbridge_lab import Lab

from landbridge.api.core import CONFIG_MAPS, NAMESPACES, ConfigMap
from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.fleet import record
from landbridge.fleet.amendment import Amendment, amend
from landbridge.fleet.members import find
from landbridge.kube.api import Api
from tests.api.command import Command
from tests.api.fleet.hub import letting_go, there_is
from tests.api.snapshot import difference, snapshot

OLD = ("--context", "oldcluster", "--hub-context", "fleet")
JOIN = ("fleet", "join", "oldcluster", *OLD, "--pod-cidr", "10.1.0.0/16")
LEAVE = ("fleet", "leave", "oldcluster", *OLD)


async def test_after_leaving_the_cluster_is_as_it_was_before_s11(hub: Api, stranger: Api, landbridge: Command) -> None:
    before = await snapshot(stranger)
    await landbridge.done(*JOIN)
    async with letting_go(hub):
        await landbridge.done(*LEAVE)
    assert difference(before, await snapshot(stranger)) == []
    assert await find(hub, "oldcluster") is None


async def test_leaving_waits_for_the_controller_and_may_be_done_again(
    hub: Api, member: Api, landbridge: Command
) -> None:
    await landbridge.done(*JOIN)
    late = await landbridge(*LEAVE, "--timeout", "1")
    assert late.code == 4
    assert "start `landbridge controller`" in late.err
    assert await there_is(member, "/api/v1/namespaces/landbridge-system/serviceaccounts/landbridge-sync")
    async with letting_go(hub):
        await landbridge.done(*LEAVE)
    assert not await there_is(member, "/api/v1/namespaces/landbridge-system/serviceaccounts/landbridge-sync")


async def test_an_interrupted_leave_goes_on_where_it_was(hub: Api, stranger: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN)
    async with letting_go(hub):
        await hub.request("DELETE", "/api/v1/namespaces/landbridge-system/secrets/cluster-oldcluster")
        await landbridge.done(*LEAVE)
    assert not await there_is(stranger, "/api/v1/namespaces/landbridge-system")
    again = await landbridge(*LEAVE)
    assert again.code == 3
    assert "refused (NotAMember)" in again.err


async def test_a_namespace_that_was_there_before_stays(hub: Api, stranger: Api, landbridge: Command) -> None:
    await stranger.create(NAMESPACES, Object(ObjectMeta("landbridge-system", labels={"team": "platform"})))
    before = await snapshot(stranger)
    await landbridge.done(*JOIN)
    async with letting_go(hub):
        await landbridge.done(*LEAVE)
    assert difference(before, await snapshot(stranger)) == []


async def test_a_namespace_that_others_use_stays(hub: Api, stranger: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN)
    await stranger.create(CONFIG_MAPS, ConfigMap(ObjectMeta("other", "landbridge-system")))
    async with letting_go(hub):
        outcome = await landbridge.done(*LEAVE)
    assert "configmaps/other" in outcome.err
    assert await there_is(stranger, "/api/v1/namespaces/landbridge-system/configmaps/other")


async def test_a_hub_that_leaves_stays_the_hub(hub: Api, landbridge: Command) -> None:
    before = await snapshot(hub)
    on_hub = ("self", "--context", "fleet", "--hub-context", "fleet")
    await landbridge.done("fleet", "join", *on_hub, "--pod-cidr", "10.3.0.0/16")
    async with letting_go(hub):
        await landbridge.done("fleet", "leave", *on_hub)
    assert difference(before, await snapshot(hub)) == []


async def test_a_lost_cluster_is_forced_out_and_its_debts_with_it_s11(
    hub: Api, member: Api, landbridge: Command, own_lab: Lab
) -> None:
    await landbridge.done(*JOIN)
    amendment = Amendment()
    amendment.owe("oldcluster", Key("shop", "web"))
    await amend(hub, amendment.applied)
    await own_lab.clusters["oldcluster"].cut(api=True)
    try:
        refused = await landbridge(*LEAVE, "--timeout", "1")
        forced = await landbridge.done("fleet", "leave", "oldcluster", "--hub-context", "fleet", "--force")
    finally:
        await own_lab.clusters["oldcluster"].heal()
    assert refused.code == 4
    assert "landbridge.dev/fleet=" in forced.err
    assert (await record.load(hub)).debts == {}
    assert await find(hub, "oldcluster") is None


async def test_a_dry_run_changes_nothing(hub: Api, member: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN)
    before = await snapshot(hub), await snapshot(member)
    await landbridge.done(*LEAVE, "--dry-run")
    assert difference(before[0], await snapshot(hub)) == []
    assert difference(before[1], await snapshot(member)) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("fleet", "leave", "oldcluster", "--context", "newcluster", "--hub-context", "fleet"), "WrongCluster"),
        (("fleet", "leave", "stranger", "--context", "newcluster", "--hub-context", "fleet"), "NotAMember"),
        (("fleet", "leave", "stranger", "--context", "oldcluster", "--hub-context", "fleet"), "NotAMember"),
        (("fleet", "leave", "oldcluster", "--hub-context", "fleet"), "NoContext"),
    ],
    ids=["wrong context", "no member", "a member by another name", "no context"],
)
async def test_a_mistake_is_refused_and_changes_nothing(
    hub: Api, member: Api, landbridge: Command, arguments: tuple[str, ...], reason: str
) -> None:
    await landbridge.done(*JOIN)
    before = await snapshot(hub), await snapshot(member)
    outcome = await landbridge(*arguments)
    assert outcome.code == 3
    assert f"refused ({reason})" in outcome.err
    assert difference(before[0], await snapshot(hub)) == []
    assert difference(before[1], await snapshot(member)) == []
