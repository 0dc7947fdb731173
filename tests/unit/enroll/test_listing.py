from __future__ import annotations

import asyncio

import msgspec
import pytest

from landbridge.api.discovery import SLICES
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import TROUBLE
from landbridge.enroll.listing import Row, rows
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.errors import UnreachableError
from tests.unit.fleet.stage import SECRET, cluster, fleet_hub, join_in_memory, put_import
from tests.unit.memory_api import MemoryApi


@pytest.fixture
async def hub() -> MemoryApi:
    hub = await fleet_hub()
    await join_in_memory(hub, cluster("old", "https://old:6443"))
    return hub


async def test_a_member_that_answers_is_ready(hub: MemoryApi) -> None:
    (row,) = await rows(hub, connect=lambda config, token: MemoryApi(version="v1.30.1"))
    assert (row.state, row.version, row.token_expires) == ("Ready", "v1.30.1", "1970-01-02T00:00:00Z")


async def test_a_member_that_does_not_is_listed_all_the_same(hub: MemoryApi) -> None:
    away = MemoryApi()

    def cut(method: str, path: str) -> None:
        raise UnreachableError("no answer from https://old:6443")

    away.before = cut
    (row,) = await rows(hub, connect=lambda config, token: away)
    assert (row.name, row.state, row.message) == ("oldcluster", "Unreachable", "no answer from https://old:6443")


@pytest.mark.looptime
async def test_a_member_that_hangs_holds_nobody_up(hub: MemoryApi) -> None:
    class Hanging(MemoryApi):
        async def __aenter__(self) -> Hanging:
            await asyncio.sleep(3_600)
            return self

    (row,) = await rows(hub, connect=lambda config, token: Hanging())
    assert (row.state, row.message) == ("Unreachable", "no answer within 5 s")


async def test_a_member_on_its_way_out_is_said_to_leave(hub: MemoryApi) -> None:
    await hub.request("DELETE", SECRET)
    (row,) = await rows(hub, connect=lambda config, token: MemoryApi())
    assert row.state == "Leaving"


@pytest.mark.parametrize(("reachable", "state"), [(True, "Troubled"), (False, "Unreachable")])
async def test_s15_what_the_controller_says_of_its_trouble_is_shown(
    hub: MemoryApi, reachable: bool, state: str
) -> None:
    word = {"metadata": {"annotations": {TROUBLE: "2026-01-01T00:00:00Z nested too deep"}}}
    await hub.request("PATCH", SECRET, body=msgspec.json.encode(word))
    member = MemoryApi()

    def cut(method: str, path: str) -> None:
        raise UnreachableError("no answer")

    if not reachable:
        member.before = cut
    (row,) = await rows(hub, connect=lambda config, token: member)
    assert row.state == state
    assert "the controller says since 2026-01-01T00:00:00Z: nested too deep" in row.message


async def test_a_cluster_that_is_no_hub_is_refused() -> None:
    with pytest.raises(RefusedError, match="landbridge fleet init"):
        await rows(MemoryApi())


async def listed(hub: MemoryApi, member: MemoryApi) -> Row:
    (row,) = await rows(hub, connect=lambda config, token: member)
    return row


async def test_s7_imports_that_nobody_explains_are_listed_with_the_command(hub: MemoryApi) -> None:
    member = MemoryApi()
    for number in range(11):
        put_import(member, "fleet-uid", number)
    row = await listed(hub, member)
    assert (row.state, row.imports, row.unexplained, row.foreign) == ("Ready", 11, 11, {})
    assert "11 of its 11 imports: they wait for you; `landbridge fleet sweep oldcluster --dry-run`" in row.message
    hub.put(MULTI_CLUSTER_SERVICES.path("shop", "web0"), {"metadata": {"namespace": "shop"}})
    assert "10 of its 11 imports: the controller sweeps so few" in (await listed(hub, member)).message


async def test_a_former_fleets_imports_are_listed_with_its_uid(hub: MemoryApi) -> None:
    member = MemoryApi()
    put_import(member, "former-fleet")
    row = await listed(hub, member)
    assert (row.imports, row.unexplained, row.foreign) == (0, 0, {"former-fleet": 1})
    assert "--fleet former-fleet --dry-run" in row.message


async def test_a_member_whose_imports_cannot_be_counted_is_ready_all_the_same(hub: MemoryApi) -> None:
    member = MemoryApi()

    def refuse(method: str, path: str) -> None:
        if path == SLICES.path():
            raise UnreachableError("cut")

    member.before = refuse
    row = await listed(hub, member)
    assert (row.state, row.imports, row.message) == ("Ready", None, "its imports cannot be counted: cut")
