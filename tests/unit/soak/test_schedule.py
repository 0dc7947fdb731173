"""A schedule can be played again."""

from __future__ import annotations

import itertools

from tests.api.world import CLUSTERS
from tests.soak.schedule import DARK, FAULT_SECONDS, SERVICES, Kind, schedule


def test_it_is_the_same_every_time_and_another_for_another_seed() -> None:
    assert schedule(17) == schedule(17)
    assert schedule(17) != schedule(18)


def test_every_kind_of_fault_is_played_by_some_seed() -> None:
    played = {fault.kind for seed in range(100) for fault in schedule(seed).faults}
    assert played == set(Kind)


def test_lanes_play_one_fault_after_the_other_and_begin_in_time() -> None:
    for seed in range(20):
        for lane in schedule(seed).lanes:
            for one, other in itertools.pairwise(lane):
                assert one.at + one.seconds < other.at
            assert all(fault.at < FAULT_SECONDS and fault.cluster in CLUSTERS for fault in lane)


def test_services_have_names_of_their_own() -> None:
    names = {(joined.namespace, joined.name) for joined in schedule(1).services}
    assert len(names) == SERVICES


def test_some_services_are_on_the_move_to_one_of_their_providers() -> None:
    moving = [joined for joined in schedule(1).services if joined.dark]
    assert len(moving) == SERVICES // DARK
    assert all(joined.dark in joined.providers for joined in moving)
