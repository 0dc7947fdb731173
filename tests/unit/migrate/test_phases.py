"""The phases of a move: a walk of the whole table."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from landbridge.migrate.phases import AT_WORK, ENDS, HOLDS, ORDERS, WAYS, Event, Phase, Place, follow

OBSERVED = frozenset(Event) - ORDERS - {Event.BLOCKED}


def reached(start: Place, events: Collection[Event] = tuple(Event)) -> set[Place]:
    """Every place that some order of the events leads to, the start among them."""
    seen, todo = {start}, [start]
    while todo:
        place = todo.pop()
        following = {after for event in events if (after := follow(place, event))} - seen
        seen |= following
        todo += following
    return seen


PLACES = sorted(reached(Place()), key=str)


def phases(places: Collection[Place]) -> set[Phase]:
    return {place.phase for place in places}


def test_every_phase_and_every_way_is_reached() -> None:
    assert phases(PLACES) == set(Phase)
    assert {(place.phase, event) for place in PLACES for event in Event if follow(place, event)} == set(WAYS)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_no_dead_end_from_each_place_a_move_can_be_completed_and_rolled_back(place: Place) -> None:
    assert set(ENDS) <= phases(reached(place))


@pytest.mark.parametrize("phase", [Phase.PENDING, *AT_WORK], ids=str)
def test_what_is_observed_ends_without_a_person_and_never_goes_in_a_circle(phase: Phase) -> None:
    for event in OBSERVED:
        after = follow(Place(phase), event)
        assert after is None or Place(phase) not in reached(after, OBSERVED)
    assert phases(reached(Place(phase), OBSERVED)) & set(ENDS)


@pytest.mark.parametrize("place", [place for place in PLACES if place.phase is not Phase.ROLLED_BACK], ids=str)
@pytest.mark.parametrize("order", [Event.BACK, Event.ABANDON])
def test_a_person_can_roll_back_and_abandon_from_anywhere(place: Place, order: Event) -> None:
    if place.phase is not Phase.ROLLING_BACK:
        after = follow(place, order)
        assert after
        assert after.phase in {Phase.ROLLING_BACK, Phase.ROLLED_BACK}
    assert Phase.ROLLED_BACK in phases(reached(place, {order, Event.RESTORED}) | reached(place, OBSERVED))


@pytest.mark.parametrize("phase", AT_WORK, ids=str)
@pytest.mark.parametrize("event", [Event.PAUSE, Event.BLOCKED])
def test_what_was_held_up_goes_on_where_it_was(phase: Phase, event: Event) -> None:
    held = follow(Place(phase), event)
    assert held
    assert held.phase in HOLDS
    assert follow(held, Event.RESUME) == Place(phase)


def test_only_a_pass_leads_to_the_drain_m2_m3() -> None:
    without = reached(Place(), frozenset(Event) - {Event.PASSED})
    assert not phases(without) & {Phase.DRAINING, Phase.SOAKING, Phase.COMPLETED}
    assert {place.held for place in without} & {Phase.DRAINING, Phase.SOAKING} == set()


def test_only_a_restored_old_cluster_ends_a_roll_back_m4() -> None:
    assert Phase.ROLLED_BACK not in phases(reached(Place(Phase.ROLLING_BACK), frozenset(Event) - {Event.RESTORED}))
