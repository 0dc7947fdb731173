from __future__ import annotations

import pytest

from landbridge.api.core import CONFIG_MAPS
from landbridge.api.meta import Key
from landbridge.fleet.amendment import MOST_BYTES, Amendment, amend
from landbridge.fleet.record import FleetRecord, load, render_record, size
from tests.unit.memory_api import MemoryApi

pytestmark = pytest.mark.looptime

WEB, API = Key("shop", "web"), Key("shop", "api")
EARLIER, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
EMPTY = FleetRecord("fleet-uid")


def amendment() -> Amendment:
    return Amendment(lambda: NOW)


def owing(**debts: Key) -> Amendment:
    made = amendment()
    for cluster, key in debts.items():
        made.owe(cluster, key)
    return made


def test_debts_are_added_and_settled_s11() -> None:
    change = owing(old=WEB, new=WEB)
    change.owe("old", API)
    change.settle("old", WEB)
    found = change.applied(EMPTY)
    assert found.debts == {"old": {API}, "new": {WEB}}
    assert found.owing == {"old": NOW, "new": NOW}


def test_what_is_settled_leaves_no_trace_s11() -> None:
    record = FleetRecord("fleet-uid", {"old": frozenset({WEB})}, {"old": EARLIER})
    change = amendment()
    change.settle("old", WEB)
    assert change.applied(record) == EMPTY


@pytest.mark.parametrize("since", [EARLIER, ""])
def test_since_when_a_cluster_owes_is_the_time_of_its_oldest_debt(since: str) -> None:
    record = FleetRecord("fleet-uid", {"old": frozenset({WEB})}, {"old": since} if since else {})
    assert owing(old=API).applied(record).owing == {"old": since}


def test_who_left_is_a_member_no_more_and_owes_nothing_s11() -> None:
    record = FleetRecord("fleet-uid", {"old": frozenset({WEB})}, {"old": EARLIER}, members=frozenset({"old", "new"}))
    change = owing(old=API)
    change.farewell("old")
    assert change.applied(record) == FleetRecord("fleet-uid", left={"old": NOW}, members=frozenset({"new"}))


def test_who_returned_did_not_leave() -> None:
    change = amendment()
    change.welcome("old")
    found = change.applied(FleetRecord("fleet-uid", left={"old": EARLIER, "new": EARLIER}))
    assert found.left == {"new": EARLIER}
    assert found.members == {"old"}


def test_of_two_changes_the_later_one_stands() -> None:
    change = amendment()
    change.farewell("old")
    change.welcome("old")
    change.welcome("new")
    change.farewell("new")
    found = change.applied(EMPTY)
    assert found.left == {"new": NOW}
    assert found.members == {"old"}


def test_what_was_written_is_no_change_any_more_and_what_came_meanwhile_is() -> None:
    change = owing(old=WEB, new=WEB)
    change.welcome("old")
    change.farewell("third")
    written = change.applied(EMPTY)
    change.settle("new", WEB)
    change.farewell("old")
    change.forget(written)
    assert change.debts == {"new": {WEB: False}}
    assert change.left == {"old": NOW}
    change.forget(change.applied(written))
    assert not change


def test_debts_that_do_not_fit_wait_and_those_that_do_are_written_s11() -> None:
    """Each Service with all its debtors: its end needs them all."""
    change = amendment()
    keys = [Key(f"{number:05}".ljust(63, "n"), f"{number:05}".ljust(63, "s")) for number in range(9000)]
    for key in keys:
        change.owe("old", key)
        change.owe("new", key)
    found = change.fitted(EMPTY)
    assert size(render_record(found)) <= MOST_BYTES < size(render_record(change.applied(EMPTY)))
    assert found.debts["old"] == found.debts["new"]
    assert 7000 < len(found.debts["old"]) < 9000


def test_a_full_record_takes_what_makes_it_smaller_and_farewells_s11() -> None:
    keys = [Key(f"{number:05}".ljust(63, "n"), f"{number:05}".ljust(63, "s")) for number in range(7800)]
    full = FleetRecord("fleet-uid", {"old": frozenset(keys)}, {"old": EARLIER})
    assert size(render_record(full)) > MOST_BYTES
    change = owing(new=WEB)
    change.settle("old", keys[0])
    change.farewell("third")
    found = change.fitted(full)
    assert found.debts == {"old": frozenset(keys[1:])}
    assert found.left == {"third": NOW}


@pytest.fixture
async def hub() -> MemoryApi:
    api = MemoryApi()
    await api.create(CONFIG_MAPS, render_record(EMPTY))
    return api


async def test_a_change_that_came_between_is_kept(hub: MemoryApi) -> None:
    def before(method: str, path: str) -> None:
        if method == "PUT":
            hub.before = lambda method, path: None
            hub.put(path, {"metadata": {}, "data": render_record(owing(new=WEB).applied(EMPTY)).data})

    hub.before = before
    await amend(hub, owing(old=API).applied)
    assert (await load(hub)).debts == {"new": {WEB}, "old": {API}}


async def test_nothing_is_written_where_nothing_changes(hub: MemoryApi) -> None:
    await amend(hub, owing(old=WEB).applied)
    hub.calls.clear()
    await amend(hub, owing(old=WEB).applied)
    assert hub.writes == []


def test_a_farewell_is_no_earlier_than_the_cluster_was_seen_s11() -> None:
    """By others' clocks: else its last imports would look as if it had joined again."""
    amendment = Amendment(lambda: "2026-01-01T00:00:00Z")
    amendment.farewell("old", "2026-01-01T00:00:07Z")
    amendment.farewell("new", "2025-12-31T00:00:00Z")
    assert amendment.left == {"old": "2026-01-01T00:00:07Z", "new": "2026-01-01T00:00:00Z"}
