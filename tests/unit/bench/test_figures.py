from __future__ import annotations

import math

import pytest

from bench.figures import Chase, Spread, percentile, rate, spaced


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0, 2.0], 0.5, 1.0), (list(range(1, 101)), 0.99, 99), ([7.0], 0.99, 7.0)],
)
def test_a_percentile_is_one_of_the_values(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(percentile([], 0.5))


def test_a_spread_is_told_in_milliseconds() -> None:
    assert Spread.of([0.001, 0.002, 0.003]) == Spread(3, 2.0, 3.0)


def test_a_change_is_timed_from_its_acknowledgement_to_its_sight() -> None:
    chase = Chase()
    chase.acked("web", 1, 10.0)
    assert chase.lost == 1
    chase.saw("web", 1, 10.5)
    assert (chase.seconds, chase.lost, chase.merged) == ([0.5], 0, 0)


def test_a_change_may_be_seen_before_its_acknowledgement_is_known() -> None:
    chase = Chase()
    chase.saw("web", 1, 9.9)
    chase.acked("web", 1, 10.0)
    assert (chase.seconds, chase.lost) == ([0.0], 0)


def test_a_change_that_is_seen_in_a_later_one_is_merged_not_lost() -> None:
    chase = Chase()
    chase.acked("web", 1, 10.0)
    chase.acked("web", 2, 11.0)
    chase.acked("other", 1, 11.0)
    chase.saw("web", 2, 12.0)
    assert (chase.seconds, chase.merged, chase.lost) == ([2.0, 1.0], 1, 1)


def test_an_earlier_sight_proves_nothing() -> None:
    chase = Chase()
    chase.saw("web", 1, 9.0)
    chase.acked("web", 2, 10.0)
    assert chase.lost == 1


def test_a_rate_and_its_starts() -> None:
    assert rate(300, 2.0) == 150.0
    assert rate(1, 0.0) == math.inf
    assert spaced(3, 100) == [0.0, 0.01, 0.02]
