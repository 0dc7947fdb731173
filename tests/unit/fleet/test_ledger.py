from __future__ import annotations

import pytest

from landbridge.api.meta import Key
from landbridge.fleet.ledger import Ledger
from landbridge.fleet.record import FleetRecord

WEB = Key("shop", "web")
THEN, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def ledger(**debts: Key) -> Ledger:
    owed = {cluster: frozenset({key}) for cluster, key in debts.items()}
    record = FleetRecord("fleet-uid", owed, left={"gone": THEN}, members=frozenset({"old"}))
    return Ledger(record, lambda: NOW)


def test_a_change_counts_at_once_and_is_noted_when_the_hub_has_it() -> None:
    book = ledger()
    book.owe("old", WEB)
    assert book.owes("old", WEB)
    assert not book.noted("old", WEB)
    book.record = book.pending.applied(book.record)
    assert book.noted("old", WEB)


def test_a_debt_that_is_paid_counts_no_more_though_the_hub_still_has_it_s11() -> None:
    book = ledger(old=WEB)
    book.settle("old", WEB)
    assert not book.owes("old", WEB)
    assert book.noted("old", WEB)


def test_members_come_and_go() -> None:
    book = ledger()
    book.welcome("new")
    book.welcome("gone")
    book.farewell("old")
    assert book.members == {"new", "gone"}
    assert (book.left("gone"), book.left("old"), book.left("new")) == (None, NOW, None)
    assert not book.written("new")


@pytest.mark.parametrize(
    "say",
    [
        lambda book: book.owe("old", WEB),
        lambda book: book.settle("new", WEB),
        lambda book: book.welcome("old"),
        lambda book: book.farewell("gone"),
    ],
    ids=["owed already", "never owed", "a member already", "gone already"],
)
def test_what_the_record_says_already_is_nothing_to_write(say: object) -> None:
    book = ledger(old=WEB)
    assert callable(say)
    say(book)
    assert not book.pending
    assert not book.wanted.is_set()


def test_what_was_taken_back_before_it_was_written_is_written_all_the_same() -> None:
    """It may be on its way already."""
    book = ledger()
    book.owe("old", WEB)
    book.settle("old", WEB)
    assert book.pending.debts == {"old": {WEB: False}}
