from __future__ import annotations

import math

import pytest

from landbridge.api.coordination import Lease, LeaseSpec
from landbridge.api.meta import ObjectMeta
from landbridge.controller.lease import Sight, Times, held

TIMES = Times(lease=15, retry=2)


def lease(version: int, **spec: object) -> Lease:
    return Lease(ObjectMeta("lease", resource_version=str(version)), LeaseSpec(**spec))  # type: ignore[arg-type]


def watched(*moments: float) -> Sight:
    sight = Sight(TIMES)
    for moment in moments:
        sight.saw(lease(1), moment)
    return sight


def test_what_was_never_seen_is_never_free() -> None:
    assert watched().left(1e9) == math.inf
    assert not watched().recent(0)


def test_a_lease_is_free_when_it_stood_unchanged_for_its_time() -> None:
    sight = watched(100, 104, 108, 112)
    assert sight.left(112) == 3
    assert sight.left(115) == 0


def test_each_change_begins_anew() -> None:
    sight = watched(100, 104)
    sight.saw(lease(2), 108)
    assert sight.left(108) == TIMES.lease


def test_what_could_not_be_read_meanwhile_begins_anew() -> None:
    sight = watched(100, 104)
    sight.broke()
    assert sight.left(104) == math.inf
    sight.saw(lease(1), 108)
    assert sight.left(108) == TIMES.lease


def test_who_was_stopped_meanwhile_begins_anew_s12() -> None:
    """The process was asleep: whether the leader could renew is not known."""
    assert watched(100, 104, 160).left(160) == TIMES.lease


def test_its_holder_says_how_long_it_lasts() -> None:
    sight = Sight(TIMES)
    sight.saw(lease(1, lease_duration_seconds=40), 100)
    assert sight.left(100) == 40


def test_a_sight_is_recent_for_one_lease() -> None:
    assert watched(100).recent(115)
    assert not watched(100).recent(115.1)


@pytest.mark.parametrize(("lease_seconds", "written"), [(1.0, 1), (1.2, 2), (15.0, 15)])
def test_others_never_wait_for_less_than_the_holder_counts_on(lease_seconds: float, written: int) -> None:
    assert held("a", LeaseSpec(), Times(lease_seconds)).lease_duration_seconds == written
