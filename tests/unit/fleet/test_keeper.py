"""The record in memory follows the hub's, and the hub's gets our changes, in few writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from landbridge.api.core import CONFIG_MAPS, ConfigMap
from landbridge.api.meta import Key, ObjectMeta
from landbridge.fleet.keeper import FleetChangedError, RecordKeeper
from landbridge.fleet.ledger import Ledger
from landbridge.fleet.record import FleetRecord, RecordError, read_record, render_record
from landbridge.kube.errors import ApiError
from landbridge.kube.explain import first_cause
from tests.unit.fakes import WatchedApi, running, settle

pytestmark = pytest.mark.looptime

WEB, API = Key("shop", "web"), Key("shop", "api")
PATH = CONFIG_MAPS.path("landbridge-system", "landbridge-fleet")
TIME = "2026-01-01T00:00:00Z"


@dataclass
class Desk:
    """A hub with a record, a keeper, and what it said."""

    hub: WatchedApi = field(default_factory=WatchedApi)
    ledger: Ledger = field(default_factory=lambda: Ledger(FleetRecord("")))
    before: list[FleetRecord] = field(default_factory=list)
    contacts: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keeper = RecordKeeper(
            self.hub,
            self.ledger,
            on_change=self.before.append,
            on_contact=lambda: self.contacts.append(self.keeper.live),
        )

    def put(self, record: FleetRecord) -> None:
        self.hub.add(CONFIG_MAPS, render_record(record))

    def on_hub(self) -> FleetRecord:
        return read_record(self.hub.held(CONFIG_MAPS)["landbridge-fleet"])

    @property
    def writes(self) -> int:
        return len(self.hub.writes)


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    desk = Desk()
    desk.put(FleetRecord("fleet-uid"))
    async with running(desk.keeper.run()):
        yield desk


async def test_what_another_process_writes_is_heard_at_once_s11(desk: Desk) -> None:
    """`leave --force` is one."""
    known = await desk.keeper.loaded()
    desk.put(FleetRecord("fleet-uid", left={"old": TIME}))
    await settle()
    assert desk.ledger.left("old") == TIME
    assert desk.before[-1] == known


async def test_any_number_of_changes_is_few_writes_s11(desk: Desk) -> None:
    keys = [Key("shop", f"s{number}") for number in range(5000)]
    for key in keys:
        desk.ledger.owe("old", key)
        desk.ledger.owe("new", key)
    await settle(1)
    assert desk.writes == 1
    for key in keys:
        desk.ledger.settle("old", key)
        if key.name.endswith("00"):
            await settle(0.02)
    await settle(1)
    assert desk.on_hub().debts == {"new": frozenset(keys)}
    assert desk.writes < 12
    assert not desk.ledger.pending


async def test_a_change_that_another_process_made_meanwhile_stays(desk: Desk) -> None:
    def before(method: str, path: str) -> None:
        if method == "PUT":
            desk.hub.before = lambda method, path: None
            desk.put(FleetRecord("fleet-uid", left={"old": TIME}))

    desk.hub.before = before
    desk.ledger.owe("new", WEB)
    await settle(2)
    assert desk.on_hub().left == {"old": TIME}
    assert desk.on_hub().debts == {"new": {WEB}}


async def test_a_write_that_fails_is_tried_again_and_the_trouble_is_said(desk: Desk) -> None:
    def refuse(method: str, path: str) -> None:
        if method == "PUT":
            raise ApiError(500, "InternalError", "etcd is busy")

    desk.hub.before = refuse
    desk.ledger.owe("new", WEB)
    await settle(5)
    assert desk.ledger.trouble == "etcd is busy"
    assert desk.ledger.owes("new", WEB)
    desk.hub.before = lambda method, path: None
    await settle(20)
    assert desk.ledger.noted("new", WEB)
    assert desk.ledger.trouble == ""


async def test_a_full_record_says_so_and_goes_on_when_there_is_room_s11(desk: Desk) -> None:
    keys = [Key(f"{number:05}".ljust(63, "n"), f"{number:05}".ljust(63, "s")) for number in range(9000)]
    for key in keys:
        desk.ledger.owe("old", key)
    await settle(5)
    fitted = len(desk.on_hub().debts["old"])
    assert 7000 < fitted < 9000
    assert f"owed: {fitted} Services by old" in desk.ledger.trouble
    assert "leave CLUSTER --force" in desk.ledger.trouble
    writes = desk.writes
    await settle(60)
    assert desk.writes == writes
    for key in keys[: 9000 - fitted]:
        desk.ledger.settle("old", key)
    await settle(5)
    assert desk.on_hub().debts["old"] == frozenset(keys[9000 - fitted :])
    assert desk.ledger.trouble == ""


async def test_what_somebody_broke_is_not_taken_in_and_the_hub_counts_as_out_of_view_s7(desk: Desk) -> None:
    desk.put(FleetRecord("fleet-uid", left={"old": TIME}))
    await settle()
    good = desk.hub.objects[PATH]
    desk.hub.put(PATH, good | {"data": {"uid": "fleet-uid", "left": "{"}})
    await settle()
    assert desk.contacts == [True, False]
    assert desk.ledger.left("old") == TIME
    desk.hub.remove(PATH)
    await settle()
    assert not desk.keeper.live
    assert desk.ledger.left("old") == TIME
    desk.hub.put(PATH, good)
    await settle()
    assert desk.contacts == [True, False, True]


async def test_another_fleet_is_a_new_beginning() -> None:
    """Whoever goes on with the old uid would write imports that nobody would ever remove."""
    desk = Desk()
    desk.put(FleetRecord("fleet-uid"))
    task = asyncio.create_task(desk.keeper.run())
    await desk.keeper.loaded()
    desk.put(FleetRecord("another-uid"))
    with pytest.raises(ExceptionGroup) as ended:
        await task
    assert isinstance(first_cause(ended.value), FleetChangedError)


@pytest.mark.parametrize("found", [None, {"uid": "fleet-uid", "debts": "["}], ids=["missing", "broken"])
async def test_a_fleet_whose_record_cannot_be_used_is_not_started(found: dict[str, str] | None) -> None:
    desk = Desk()
    desk.hub.add(CONFIG_MAPS, ConfigMap(ObjectMeta("kube-root-ca.crt", "landbridge-system")))  # no hub is at version 0
    if found:
        desk.hub.add(CONFIG_MAPS, ConfigMap(ObjectMeta("landbridge-fleet", "landbridge-system"), found))
    async with running(desk.keeper.run()):
        with pytest.raises(RecordError, match=r"landbridge fleet init --fleet"):
            await desk.keeper.loaded()


async def test_a_hub_that_is_away_at_first_is_waited_for() -> None:
    desk = Desk()
    desk.put(replace(FleetRecord("fleet-uid"), members=frozenset({"old"})))
    desk.hub.cut()
    async with running(desk.keeper.run()):
        await settle(5)
        desk.hub.heal()
        assert (await desk.keeper.loaded()).members == {"old"}
