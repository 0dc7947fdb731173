from __future__ import annotations

import pytest

from landbridge.api.core import CONFIG_MAPS, ConfigMap
from landbridge.api.meta import Key, ObjectMeta
from landbridge.fleet.record import FleetRecord, RecordError, load, read_record, render_record, size
from landbridge.kube.errors import NotFoundError
from tests.unit.memory_api import MemoryApi

WEB, API = Key("shop", "web"), Key("shop", "api")
TIME = "2026-01-01T00:00:00Z"
RECORD = FleetRecord(
    "fleet-uid",
    debts={"old": frozenset({WEB, API}), "new": frozenset({WEB}), "third": frozenset({WEB})},
    owing={"old": TIME, "new": TIME, "third": ""},
    left={"gone": TIME, "lost": ""},
    members=frozenset({"old", "new"}),
)


async def test_what_is_written_is_read() -> None:
    hub = MemoryApi()
    created = await hub.create(CONFIG_MAPS, render_record(RECORD))
    assert render_record(await load(hub)).data == created.data == render_record(RECORD).data
    found = await load(hub)
    assert (found.debts, found.owing, found.left, found.members) == (
        RECORD.debts,
        RECORD.owing,
        RECORD.left,
        RECORD.members,
    )


def test_who_owes_the_same_shares_the_names_s11() -> None:
    """A ConfigMap ends at 1 MiB."""
    assert (render_record(RECORD).data or {})["debts"] == (
        '[{"clusters":["new","old","third"],"services":{"shop":["web"]}},'
        '{"clusters":["old"],"services":{"shop":["api"]}}]'
    )


def test_a_record_of_an_earlier_version_is_read_s11() -> None:
    data = {"uid": "fleet-uid", "debts": '{"new":["shop/web"],"old":["shop/api","shop/web"]}', "left": "gone,lost"}
    found = read_record(ConfigMap(data=data))
    assert found.debts == {"old": {WEB, API}, "new": {WEB}}
    assert found.left == {"gone": "", "lost": ""}
    assert read_record(ConfigMap(data={"uid": "fleet-uid"})) == FleetRecord("fleet-uid")


def test_debts_hold_at_5000_services_and_6_clusters_s11() -> None:
    """With the longest names, no two in one namespace, and every set of debtors that 6 clusters make."""
    clusters = [f"{number}".ljust(63, "c") for number in range(6)]
    keys = [Key(f"{number:04}".ljust(63, "n"), f"{number:04}".ljust(63, "s")) for number in range(5000)]
    debts = {
        cluster: frozenset(key for turn, key in enumerate(keys) if not turn >> place & 1)
        for place, cluster in enumerate(clusters)
    }
    rendered = render_record(FleetRecord("u" * 36, debts))
    assert size(rendered) < 700_000
    assert read_record(rendered).debts == debts


async def test_a_fleet_without_record_is_an_error() -> None:
    with pytest.raises(NotFoundError):
        await load(MemoryApi())


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"debts": "{}"},
        {"uid": "u", "debts": "["},
        {"uid": "u", "debts": '{"a": ["b"]}'},
        {"uid": "u", "left": "{"},
        {"uid": "u", "members": "{}"},
        {"uid": "u", "owing": '{"a":' + "[" * 30_000},
    ],
)
def test_a_record_that_someone_broke_is_refused(data: dict[str, str] | None) -> None:
    """With the way back that keeps the uid: with another one, all imports would be strangers'."""
    with pytest.raises(RecordError, match=r"landbridge-system/landbridge-fleet.* init --fleet (u|UID)`"):
        read_record(ConfigMap(ObjectMeta(name="landbridge-fleet", namespace="landbridge-system"), data))
