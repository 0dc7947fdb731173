"""Who is undone again and again backs off; who is undone now and then does not (rules S5, S12)."""

from __future__ import annotations

import itertools
from dataclasses import replace

from landbridge.api.discovery import EndpointSlice
from landbridge.mcs.plan import Change, Changes
from landbridge.mcs.repairs import BURST, LONGEST_PAUSE, QUIET, Repairs
from tests.unit.objects import SERVICE2, slice_

RIGHT, OTHER = slice_("a", "10.1.0.1"), slice_("b", "10.1.0.2")


def change(*slices: EndpointSlice) -> Changes:
    return Changes(update=tuple(Change(one, "SliceChanged", one) for one in slices))


def fight(repairs: Repairs, seconds: float, each: float, start: float = 0.0) -> list[float]:
    """Somebody undoes an import each so many seconds; when it is put right again."""
    times = [start + number * each for number in range(round(seconds / each))]
    return [now for now in times if written(repairs, change(RIGHT), now)]


def written(repairs: Repairs, changes: Changes, now: float) -> bool:
    """Whether all that is admitted, and so written, is anything."""
    admitted = repairs.admit(changes, now)[0]
    for verb in ("create", "update", "delete"):
        for one in getattr(admitted, verb):
            repairs.made(verb, one, now)
    return bool(admitted)


def test_a_person_who_deletes_imports_is_undone_at_once() -> None:
    """Twelve Services, a deletion each 1.6 seconds, for as long as one likes."""
    assert len(fight(Repairs(), 120, 1.6)) == round(120 / 1.6)


def test_s12_another_controller_is_undone_less_and_less_often() -> None:
    made = fight(Repairs(), 300, 0.01)
    assert len([now for now in made if now < 1]) <= BURST + 2
    assert len([now for now in made if now > 150]) <= 150 / LONGEST_PAUSE + 1
    pauses = [later - earlier for earlier, later in itertools.pairwise(made)]
    assert max(pauses) <= LONGEST_PAUSE + 0.02


def test_what_waits_is_told_with_the_time_until_it_may_be_written() -> None:
    repairs = Repairs()
    last = fight(repairs, 1, 0.01)[-1]
    admitted, wait, text = repairs.admit(change(RIGHT), last + 0.25)
    assert not admitted
    assert wait == 0.75
    assert "somebody else changes import a again and again" in text


def test_a_change_of_the_providers_own_never_waits() -> None:
    repairs = Repairs()
    fight(repairs, 10, 0.01)
    for number in range(100):
        newer = slice_("a", f"10.1.0.{number + 2}")
        assert repairs.admit(change(newer), 10.0) == (change(newer), 0.0, "")


def test_other_imports_do_not_wait_for_the_contested_one() -> None:
    repairs = Repairs()
    last = fight(repairs, 5, 0.01)[-1]
    admitted, wait, _ = repairs.admit(change(RIGHT, OTHER), last)
    assert admitted == replace(change(OTHER), withheld=change(RIGHT).update)
    assert wait > 0


def test_after_a_quiet_time_all_is_forgotten() -> None:
    repairs = Repairs()
    last = fight(repairs, 300, 0.01)[-1]
    start = last + QUIET + 1
    assert fight(repairs, 0.1, 0.01, start) == [start + number * 0.01 for number in range(10)]


def test_what_we_deleted_ourselves_is_no_repair_when_it_comes_again() -> None:
    repairs = Repairs()
    for _ in range(10 * BURST):
        assert written(repairs, Changes(create=(Change(RIGHT, "NewSlice"),)), 0.0)
        assert written(repairs, Changes(delete=(Change(RIGHT, "SliceGone"),)), 0.0)


def test_a_write_that_is_refused_again_and_again_is_no_repair() -> None:
    """As by a quota: nobody undid it, and the queue's back-off serves it."""
    repairs = Repairs()
    for _ in range(10 * BURST):
        assert repairs.admit(change(RIGHT), 0.0) == (change(RIGHT), 0.0, "")


def test_a_repair_that_is_refused_is_none_yet() -> None:
    """As by a quota: somebody deleted the import, and it cannot be made again."""
    repairs = Repairs()
    assert written(repairs, change(RIGHT), 0.0)
    for _ in range(10 * BURST):
        assert repairs.admit(change(RIGHT), 0.0) == (change(RIGHT), 0.0, "")


def test_what_is_gone_for_good_is_forgotten() -> None:
    repairs = Repairs()
    fight(repairs, 10, 0.01)
    repairs.forget(SERVICE2)
    assert written(repairs, change(RIGHT), 10.0)
    assert repairs.admit(change(OTHER), 10.0) == (change(OTHER), 0.0, "")
