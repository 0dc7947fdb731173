"""Never empty (M1): the floor, and what counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.migrate.floor import FRESH, Refusal, View, floor, refusals

BEFORE = {"old": 4, "new": 4}
COUNTS = st.integers(0, 20)


def view(consumer: str = "new", *, old: int = 4, new: int = 2, age: float = 0.0, stale: bool = False) -> View:
    return View(consumer, {"old": old, "new": new}, age, stale)


@pytest.mark.parametrize(("before", "least", "needed"), [(0, 1, 1), (1, 1, 1), (3, 1, 2), (10, 1, 5), (10, 8, 8)])
def test_the_floor_is_half_of_what_was_seen_and_at_least_one_m1(before: int, least: int, needed: int) -> None:
    assert floor(before, least) == needed


def test_the_old_cluster_may_go_where_the_new_one_is_enough_m1() -> None:
    assert refusals([view("old"), view("new")], BEFORE, cluster="old", left=0) == []


def test_each_consumer_that_would_see_too_few_is_named_m1() -> None:
    assert refusals([view("old", new=1), view("new")], BEFORE, cluster="old", left=0) == [Refusal("old", 1, 2)]


@pytest.mark.parametrize(
    "unknown", [view(age=FRESH), view(age=-1.0), view(age=float("nan")), view(stale=True)], ids=str
)
def test_a_view_that_is_not_known_to_be_true_counts_as_none_m1(unknown: View) -> None:
    assert refusals([unknown], {"new": 4}, cluster="old", left=3) == [Refusal("new", 0, 2)]


def test_a_consumer_that_is_not_seen_counts_as_none_m1() -> None:
    assert refusals([view("new")], BEFORE, cluster="old", left=4) == [Refusal("old", 0, 2)]


@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS, st.floats(), st.booleans()), min_size=1, max_size=4), COUNTS)
def test_what_is_not_refused_leaves_every_consumer_its_floor_m1(
    seen: list[tuple[int, int, int, float, bool]], left: int
) -> None:
    before = {str(number): row[0] for number, row in enumerate(seen)}
    views = [
        view(str(number), old=old, new=new, age=age, stale=stale)
        for number, (_, old, new, age, stale) in enumerate(seen)
    ]
    if refusals(views, before, cluster="old", left=left):
        return
    for count, old, new, age, stale in seen:
        assert not stale
        assert 0 <= age < FRESH
        assert min(old, left) + new >= max(1, count / 2)
