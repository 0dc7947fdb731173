"""What must be true before something is taken away (M1-M4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from landbridge.migrate.floor import View
from landbridge.migrate.gates import Checked, Verdict, against_drain, against_withdrawal

BEFORE = {"a": 4, "b": 4}
PASSES = [Checked("errors", consumer, "v2", Verdict.PASS) for consumer in BEFORE]


def views(old: int, new: int, age: float = 0.0) -> list[View]:
    return [View(consumer, {"old": old, "new": new}, age) for consumer in BEFORE]


def drain(
    checked: Sequence[Checked], seen: Sequence[View], checks: Collection[str] = ("errors",), left: int = 0
) -> list[str]:
    return against_drain(checked, seen, BEFORE, checks=checks, template="v2", old="old", left=left)


def withdrawal(seen: Sequence[View], *, restored: bool = True) -> list[str]:
    return against_withdrawal(seen, BEFORE, old="old", new="new", restored=restored)


def test_a_pass_from_every_consumer_and_enough_pods_let_old_go_m2() -> None:
    assert drain(PASSES, views(4, 4)) == []


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - {Verdict.PASS}))
def test_what_is_no_pass_holds_the_drain_m3(verdict: Verdict) -> None:
    assert drain([PASSES[0], Checked("errors", "b", "v2", verdict)], views(4, 4)) == [f"errors from b: {verdict}"]


def test_a_pass_beside_a_fail_is_no_pass_m3() -> None:
    assert drain([*PASSES, Checked("errors", "b", "v2", Verdict.FAIL)], views(4, 4)) == ["errors from b: Fail, Pass"]


def test_a_pass_of_other_pods_another_check_or_one_consumer_is_none_m2() -> None:
    others = [Checked("errors", "b", "v1", Verdict.PASS), Checked("latency", "b", "v2", Verdict.PASS)]
    assert drain([PASSES[0], *others], views(4, 4)) == ["errors from b: NoData"]


def test_without_a_check_nothing_was_proved_m2() -> None:
    assert drain([], views(4, 4), checks=()) == ["no check is asked for"]


def test_a_pass_does_not_help_where_too_few_would_be_left_m1() -> None:
    assert drain(PASSES, views(4, 1)) == [f"{name} would see 1, and its floor is 2" for name in BEFORE]
    assert drain(PASSES, views(4, 1), left=1) == []


def test_new_goes_when_old_is_as_it_was_and_serves_m4() -> None:
    assert withdrawal(views(4, 4)) == []


def test_new_stays_until_old_is_restored_m4() -> None:
    assert withdrawal(views(4, 4), restored=False) == ["old is not as it was"]


def test_new_stays_while_old_is_asked_back_and_does_not_serve_m4() -> None:
    assert "a sees no endpoint of old" in withdrawal(views(0, 4))


def test_new_stays_where_old_was_seen_too_long_ago_m4() -> None:
    assert "a sees no endpoint of old" in withdrawal(views(4, 4, age=9.0))


def test_where_it_is_not_known_what_was_seen_before_nothing_goes_m1() -> None:
    unknown = ["it is not known what any consumer saw before"]
    assert against_drain(PASSES, views(4, 4), {}, checks=["errors"], template="v2", old="old") == unknown
    assert against_withdrawal(views(4, 4), {}, old="old", new="new", restored=True) == unknown
