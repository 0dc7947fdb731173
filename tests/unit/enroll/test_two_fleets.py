"""One cluster in two fleets: the account stays as long as one of them uses it."""

from __future__ import annotations

import pytest

from landbridge.api.core import CONFIG_MAPS
from landbridge.api.names import FLEET_MARK
from landbridge.enroll.leave import NOT_A_MEMBER, leave
from landbridge.fleet.record import FleetRecord, render_record
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.errors import UnreachableError
from tests.silence import silent
from tests.unit.enroll.test_leave_broken import at_work, member_in_memory
from tests.unit.fleet.stage import ACCOUNT, SECRET, SYSTEM, TokenController, cluster, join_in_memory, put_import
from tests.unit.memory_api import MemoryApi

POLICIES = "/apis/admissionregistration.k8s.io/v1/"


@pytest.fixture
async def other_hub() -> MemoryApi:
    api = cluster("other-hub", "https://other:6443")
    await api.create(CONFIG_MAPS, render_record(FleetRecord("other-uid")))
    return api


@pytest.fixture
def member() -> MemoryApi:
    return member_in_memory(TokenController("https://old:6443"))


@pytest.mark.looptime
async def test_the_account_stays_for_the_other_fleet_and_goes_with_the_last_s11(
    hub: MemoryApi, other_hub: MemoryApi, member: MemoryApi
) -> None:
    before = dict(member.objects)
    await join_in_memory(hub, member)
    joined: list[str] = []
    await join_in_memory(other_hub, member, report=joined.append)
    assert any("in fleet fleet-uid already" in line for line in joined)
    at_work(hub)
    at_work(other_hub)
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append)
    assert any("stay, since fleet other-uid uses them too" in line for line in said)
    assert list(member.objects[ACCOUNT]["metadata"]["annotations"])[-1] == f"{FLEET_MARK}other-uid"
    assert any(path.startswith(POLICIES) for path in member.objects)
    with pytest.raises(RefusedError) as again:
        await leave(hub, member, "oldcluster", silent)
    assert again.value.reason == NOT_A_MEMBER
    await leave(other_hub, member, "oldcluster", silent)
    assert member.objects == before


@pytest.mark.looptime
async def test_a_fleet_from_before_there_were_marks_is_known_by_its_imports_s11(
    hub: MemoryApi, member: MemoryApi
) -> None:
    await join_in_memory(hub, member)
    put_import(member, "former-uid")
    at_work(hub)
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, dry_run=True)
    assert any("dry run: account, rules and namespace in oldcluster stay" in line for line in said)
    await leave(hub, member, "oldcluster", silent)
    assert ACCOUNT in member.objects
    for path in [path for path in member.objects if "endpointslices" in path]:
        member.remove(path)
    await leave(hub, member, "oldcluster", silent)
    assert SYSTEM not in member.objects


async def test_a_join_that_fails_takes_its_mark_back(hub: MemoryApi, other_hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(other_hub, member)

    def cut(method: str, path: str) -> None:
        if method == "POST" and path.endswith("/secrets"):
            raise UnreachableError("cut")

    hub.before = cut
    with pytest.raises(UnreachableError):
        await join_in_memory(hub, member)
    assert SECRET not in hub.objects
    assert f"{FLEET_MARK}fleet-uid" not in member.objects[ACCOUNT]["metadata"]["annotations"]
    assert f"{FLEET_MARK}other-uid" in member.objects[ACCOUNT]["metadata"]["annotations"]
