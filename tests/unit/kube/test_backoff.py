from __future__ import annotations

import pytest

from landbridge.kube.backoff import Backoff
from landbridge.kube.errors import ApiError, UnreachableError


def longest(least: float, most: float) -> float:
    return most


def test_doubles_from_the_first_delay_to_the_longest() -> None:
    backoff = Backoff(0.1, 1.0, longest)
    assert [backoff.next() for _ in range(6)] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])


def test_waits_between_half_and_all_of_the_delay() -> None:
    asked: list[tuple[float, float]] = []

    def shortest(least: float, most: float) -> float:
        asked.append((least, most))
        return least

    backoff = Backoff(0.1, 1.0, shortest)
    assert [backoff.next(), backoff.next()] == pytest.approx([0.05, 0.1])
    assert asked == [pytest.approx((0.05, 0.1)), pytest.approx((0.1, 0.2))]


def test_begins_again_after_a_success() -> None:
    backoff = Backoff(0.1, 1.0, longest)
    backoff.next()
    backoff.next()
    backoff.reset()
    assert backoff.next() == pytest.approx(0.1)


def test_waits_at_least_as_long_as_the_server_asks() -> None:
    backoff = Backoff(0.1, 1.0, longest)
    assert backoff.next(ApiError(429, "TooManyRequests", "busy", retry_after=5.0)) == 5.0
    assert backoff.next(ApiError(429, "TooManyRequests", "busy", retry_after=0.0)) == pytest.approx(0.2)
    assert backoff.next(ApiError(500, "InternalError", "broken")) == pytest.approx(0.4)
    assert backoff.next(UnreachableError("cut")) == pytest.approx(0.8)


def test_a_server_that_asks_for_a_day_is_asked_again_in_half_a_minute() -> None:
    backoff = Backoff(0.1, 1.0, longest)
    assert backoff.next(ApiError(503, "ServiceUnavailable", "away", retry_after=86400.0)) == 30.0


def test_never_overflows() -> None:
    backoff = Backoff(0.1, 15.0, longest)
    assert [backoff.next() for _ in range(3000)][-1] == 15.0


def test_delays_are_random_by_default() -> None:
    assert len({Backoff(1.0, 10.0).next() for _ in range(20)}) > 1
