"""Every row of the table of `sweep`."""

from __future__ import annotations

from collections import Counter

import pytest

from landbridge.mcs.holdings import Holdings
from landbridge.mcs.sweep import Sweep, Verdict, beyond
from tests.unit.objects import slice_


def held(unexplained: int, imports: int = 1000, first: int = 0) -> Holdings:
    strays = tuple(slice_(f"stray-{number}") for number in range(first, first + unexplained))
    return Holdings(imports, strays, Counter())


@pytest.mark.parametrize(
    ("unexplained", "imports", "too_many"),
    [
        (10, 10, False),
        (11, 11, True),
        (11, 109, True),
        (11, 110, False),
        (100, 1000, False),
        (101, 1000, True),
    ],
)
def test_s7_too_many_are_more_than_ten_and_more_than_a_tenth(unexplained: int, imports: int, too_many: bool) -> None:
    assert beyond(unexplained, imports) is too_many


def test_s7_what_two_looks_saw_is_swept() -> None:
    sweep = Sweep()
    assert [sweep.judge(held(3)) for _ in range(2)] == [Verdict.LOOK, Verdict.SWEEP]
    assert sweep.judge(held(0)) is Verdict.REST


def test_s7_while_some_come_or_go_nothing_is_swept() -> None:
    sweep = Sweep()
    looks = [held(8), held(7), held(6), held(6, first=1)]
    assert {sweep.judge(look) for look in looks} == {Verdict.LOOK}
    assert sweep.judge(looks[-1]) is Verdict.SWEEP


def test_s7_two_looks_with_blindness_between_are_one() -> None:
    sweep = Sweep()
    sweep.judge(held(3))
    sweep.blind()
    assert sweep.judge(held(3)) is Verdict.LOOK


def test_s7_too_many_wait_for_a_person() -> None:
    sweep = Sweep()
    assert [sweep.judge(held(12, 12)) for _ in range(3)] == [Verdict.WAIT] * 3
    assert sweep.waiting


def test_s7_the_last_of_many_wait_too() -> None:
    """A hub is being filled again: what is not back yet is no less wanted than what is."""
    sweep = Sweep()
    sweep.judge(held(12, 12))
    assert [sweep.judge(held(3, 12)) for _ in range(3)] == [Verdict.WAIT] * 3
    assert sweep.judge(held(0, 12)) is Verdict.REST
    assert not sweep.waiting
    assert [sweep.judge(held(3, 12)) for _ in range(2)] == [Verdict.LOOK, Verdict.SWEEP]
