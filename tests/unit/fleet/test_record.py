from __future__ import annotations

import pytest

from landbridge.api.core import CONFIG_MAPS, ConfigMap
from landbridge.api.meta import Key, ObjectMeta
from landbridge.fleet import record
from landbridge.fleet.record import FleetRecord, RecordError, read_record, render_record
from landbridge.kube.errors import NotFoundError
from tests.unit.memory_api import MemoryApi

PATH = "/api/v1/namespaces/landbridge-system/configmaps/landbridge-fleet"
WEB, API = Key("shop", "web"), Key("shop", "api")


@pytest.fixture
async def hub() -> MemoryApi:
    api = MemoryApi()
    await api.create(CONFIG_MAPS, render_record(FleetRecord("fleet-uid")))
    api.calls.clear()
    return api


def puts(api: MemoryApi) -> int:
    return sum(method == "PUT" for method, _ in api.calls)


async def test_debts_are_added_and_settled_s11(hub: MemoryApi) -> None:
    await record.add_debts(hub, {"old": [WEB, API], "new": [WEB]})
    await record.settle(hub, "old", [WEB])
    found = await record.load(hub)
    assert found.uid == "fleet-uid"
    assert found.debts == {"old": {API}, "new": {WEB}}


async def test_what_is_settled_or_dropped_leaves_no_trace_s11(hub: MemoryApi) -> None:
    await record.add_debts(hub, {"old": [WEB], "new": [WEB]})
    await record.settle(hub, "old", [WEB])
    await record.drop(hub, "new")
    assert (await record.load(hub)).debts == {}


async def test_nothing_is_written_when_nothing_changes(hub: MemoryApi) -> None:
    await record.add_debts(hub, {"old": [WEB]})
    await record.add_debts(hub, {"old": [WEB]})
    await record.settle(hub, "old", [API])
    await record.returned(hub, "old")
    assert puts(hub) == 1


async def test_who_left_is_remembered_until_it_returns(hub: MemoryApi) -> None:
    """So that a cluster which was away meanwhile gives up what it imports from it (S11), and nobody else's (S7)."""
    await record.add_debts(hub, {"old": [WEB]})
    await record.drop(hub, "old")
    found = await record.load(hub)
    assert not found.debts
    assert found.left == {"old"}
    await record.returned(hub, "old")
    assert (await record.load(hub)).left == frozenset()


async def test_a_change_that_came_between_is_kept(hub: MemoryApi) -> None:
    def before(method: str, path: str) -> None:
        if method == "PUT":
            hub.before = lambda method, path: None
            other = render_record(FleetRecord("fleet-uid", {"new": frozenset({WEB})}))
            hub.put(PATH, {"metadata": {}, "data": other.data})

    hub.before = before
    await record.add_debts(hub, {"old": [API]})
    assert (await record.load(hub)).debts == {"new": {WEB}, "old": {API}}
    assert puts(hub) == 2


async def test_a_fleet_without_record_is_an_error() -> None:
    with pytest.raises(NotFoundError):
        await record.load(MemoryApi())


@pytest.mark.parametrize(
    "data", [None, {"debts": "{}"}, {"uid": "u", "debts": "["}, {"uid": "u", "debts": '{"a": ["b"]}'}]
)
def test_a_record_that_someone_broke_is_refused(data: dict[str, str] | None) -> None:
    with pytest.raises(RecordError, match="landbridge-system/landbridge-fleet"):
        read_record(ConfigMap(ObjectMeta(name="landbridge-fleet", namespace="landbridge-system"), data))
