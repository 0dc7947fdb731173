"""The verdict misses nothing: neither a loss, nor a leftover, nor a wrong endpoint."""

from __future__ import annotations

import pytest

from tests.soak.verdict import SEEN, SETTLE, Excuse, Gap, Held, Loss, Pause, differences, unexcused, unpublished

WEB = ("soak-1-0", "web-1")
KEY = ("new", WEB, "old")
RIGHT: Held = {KEY: frozenset({("10.1.0.200", True), ("10.1.0.7", False)})}


def loss(at: float = 5.0) -> Loss:
    return Loss(at, "new", "old", WEB)


def test_what_is_right_is_no_difference() -> None:
    assert differences(RIGHT, dict(RIGHT)) == []
    assert differences({}, {}) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, "missing 10.1.0.200 ready=True, 10.1.0.7 ready=False"),
        ({KEY: frozenset({("10.1.0.200", True)})}, "missing 10.1.0.7 ready=False"),
        ({KEY: frozenset({("10.1.0.200", True), ("10.1.0.7", True)})}, "too much 10.1.0.7 ready=True"),
        ({**RIGHT, ("new", WEB, "fleet"): frozenset({("10.3.0.1", True)})}, "from fleet: missing nothing; too much"),
    ],
    ids=["lost", "part of it lost", "another readiness", "left over"],
)
def test_what_is_wrong_is_said(found: Held, words: str) -> None:
    (line,) = differences(RIGHT, found)
    assert words in line


def test_a_loss_without_excuse_is_one() -> None:
    assert unexcused([loss()], []) == [loss()]


@pytest.mark.parametrize(
    "excuse",
    [
        Excuse(4.0, 6.0, "new"),
        Excuse(4.0, 6.0, "old", "soak-1-0"),
        Excuse(4.0, 6.0, "new", "soak-1-0", "web-1", consumer_only=True),
        Excuse(4.0, 4.5, "new"),
        Excuse(0.0, float("inf"), "", "soak-1-0", "web-1"),
    ],
    ids=["consumer", "provider", "consumer alone", "just before", "for ever"],
)
def test_what_the_schedule_did_excuses_a_loss(excuse: Excuse) -> None:
    assert unexcused([loss()], [excuse]) == []


@pytest.mark.parametrize(
    "pauses",
    [
        [Pause(4.0, 9.0)],
        [Pause(0.0, 3.0), Pause(7.0, 9.0)],
        [Pause(4.0, 6.0, "new"), Pause(5.0, 7.0)],
    ],
    ids=["in one", "in two", "the consumer's API server, and a controller"],
)
def test_who_stood_still_does_later_what_was_to_be_done(pauses: list[Pause]) -> None:
    late = loss(2.0 + SETTLE + 2.5)
    excuse, gap = Excuse(1.0, 2.0, "old"), Gap("old", WEB, 1.0, 2.0)

    assert unexcused([late], [excuse], [gap]) == [late]
    assert unexcused([late], [excuse], pauses=pauses) == unexcused([late], [], [gap], pauses) == []


@pytest.mark.parametrize("pause", [Pause(4.0, 9.0, "other"), Pause(9.5, 20.0), Pause(0.0, 2.0)])
def test_a_pause_elsewhere_or_at_another_time_explains_nothing(pause: Pause) -> None:
    late = loss(2.0 + SETTLE + 2.5)
    assert unexcused([late], [], [Gap("old", WEB, 1.0, 2.0)], [pause]) == [late]


@pytest.mark.parametrize(
    "excuse",
    [
        Excuse(5.5, 6.0, "new"),
        Excuse(0.0, 5.0 - SETTLE - 0.1, "new"),
        Excuse(4.0, 6.0, "fleet"),
        Excuse(4.0, 6.0, "old", consumer_only=True),
        Excuse(4.0, 6.0, "new", "soak-1-1"),
        Excuse(4.0, 6.0, "new", "soak-1-0", "web-2"),
    ],
    ids=["later", "long ago", "elsewhere", "provider", "another namespace", "another Service"],
)
def test_what_it_did_elsewhere_or_at_another_time_does_not(excuse: Excuse) -> None:
    assert unexcused([loss()], [excuse]) == [loss()]


def test_what_the_provider_itself_did_not_publish_no_consumer_lost() -> None:
    assert unexcused([loss()], [], [Gap("old", WEB, 4.0, 6.0)]) == []
    assert unexcused([loss()], [], [Gap("old", WEB, 5.0 + SEEN)]) == []


@pytest.mark.parametrize(
    "gap",
    [
        Gap("fleet", WEB, 4.0, 6.0),
        Gap("old", ("soak-1-0", "web-2"), 4.0, 6.0),
        Gap("old", WEB, 5.1 + SEEN),
        Gap("old", WEB, 0.0, 4.9 - SETTLE),
    ],
    ids=["another provider", "another Service", "later", "long ago"],
)
def test_what_it_published_a_consumer_has_to_have(gap: Gap) -> None:
    assert unexcused([loss()], [], [gap]) == [loss()]


def test_a_provider_stops_to_publish_only_by_what_is_done_to_it() -> None:
    gap = Gap("old", WEB, 5.0, 6.0)
    assert unpublished([gap], [Excuse(4.0, 6.0, "old", "soak-1-0")]) == []
    assert unpublished([gap], [Excuse(4.0, 6.0, "old", consumer_only=True)]) == []
    assert unpublished([gap], [Excuse(4.0, 6.0, "new", "soak-1-0")]) == [gap]
