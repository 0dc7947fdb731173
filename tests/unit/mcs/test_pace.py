"""What a provider may bring of one Service: all it has, and then so much a second (rule S9)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from landbridge.api.discovery import EndpointSlice
from landbridge.api.names import SOURCE_CLUSTER
from landbridge.mcs.pace import BURST, RATE, SOONEST, Pace
from landbridge.mcs.plan import Change, Changes
from tests.unit.objects import SERVICE2, slice_


@dataclass
class Consumer:
    """One that makes what it is let."""

    pace: Pace = field(default_factory=Pace)
    there: dict[str, EndpointSlice] = field(default_factory=dict)
    made: int = 0
    wait: float = 0.0

    def sync(self, now: float, **offered: list[str]) -> set[str]:
        """Be offered slices by some providers; gives what was made."""
        wanted = {
            f"{provider}-{name}": slice_(f"{provider}-{name}", labels={SOURCE_CLUSTER: provider})
            for provider, names in offered.items()
            for name in names
        }
        create = tuple(Change(one, "NewSlice") for name, one in wanted.items() if name not in self.there)
        changes = Changes(create=create, wanted=wanted)
        admitted, self.wait = self.pace.admit(SERVICE2, changes, now)
        assert len(admitted.create) + len(admitted.withheld) == len(create)
        for change in admitted.create:
            self.pace.created(SERVICE2, change, now)
        self.made += len(admitted.create)
        made = {change.name for change in admitted.create}
        self.there = {name: wanted[name] for name in wanted if name in self.there or name in made}
        return made


def names(count: int, first: int = 0) -> list[str]:
    return [f"s{number}" for number in range(first, first + count)]


@pytest.mark.parametrize("slices", [1, 50, 1000])
def test_all_that_a_service_has_comes_at_once_s9(slices: int) -> None:
    at = Consumer()
    assert len(at.sync(0, old=names(slices), new=names(slices))) == 2 * slices
    assert at.wait == 0


def test_a_service_that_grows_never_waits_s9() -> None:
    at = Consumer()
    for number in range(10):
        assert len(at.sync(number, old=names(100 * (number + 1)))) == 100


def test_a_roll_out_of_five_thousand_endpoints_never_waits_s9() -> None:
    """All slices are made anew, twice within a second."""
    at = Consumer()
    for number in range(2):
        assert len(at.sync(number / 2, old=names(50, first=50 * number))) == 50
    assert at.wait == 0


def test_forged_slices_cost_a_burst_and_then_so_much_a_second_s9() -> None:
    """28 a second, of which each lives for a second."""
    at, seconds = Consumer(), 60
    for tick in range(28 * seconds):
        at.sync(tick / 28, old=names(28, first=tick))
    assert BURST <= at.made <= BURST + RATE * seconds + 1


def test_what_stays_gets_its_turn_before_what_comes_and_goes_s9() -> None:
    at = Consumer()
    for tick in range(28 * 30):
        at.sync(tick / 28, old=names(28, first=tick))
    for tick in range(28):
        at.sync(30 + tick / 28, old=["real", *names(28, first=tick)])
        if "old-real" in at.there:
            break
    assert tick / 28 <= 1 / RATE + 0.1


def test_what_waits_comes_when_it_is_told_to_s9() -> None:
    at = Consumer()
    at.sync(0, old=names(BURST))
    assert not at.sync(0, old=["one", "two"])
    assert at.wait == pytest.approx(1 / RATE)
    assert at.sync(at.wait, old=["one", "two"]) == {"old-one"}
    assert at.wait >= SOONEST


def test_another_provider_does_not_wait_s9() -> None:
    at = Consumer()
    at.sync(0, old=names(BURST))
    assert at.sync(0, old=["late"], new=["n"]) == {"new-n"}


def test_what_waits_is_told_for_as_long_as_it_does_s9() -> None:
    at = Consumer()
    at.sync(0, old=names(BURST))
    at.sync(0, old=["one", "two"])
    assert at.pace.told[SERVICE2].startswith(f"old makes new EndpointSlices of this Service faster than {RATE:.0f} a")
    assert "so 2 wait their turn" in at.pace.told[SERVICE2]
    at.sync(60, old=["one", "two"])
    assert not at.pace.told


def test_updates_and_deletes_never_wait() -> None:
    at = Consumer()
    at.sync(0, old=names(BURST))
    one = Change(slice_("a", labels={SOURCE_CLUSTER: "old"}), "SliceChanged")
    changes = Changes(update=(one,), delete=(one,))
    assert at.pace.admit(SERVICE2, changes, 0) == (changes, 0)


def test_nothing_is_remembered_of_what_is_long_ago() -> None:
    at = Consumer()
    at.sync(0, old=names(BURST))
    at.sync(60, old=names(BURST))
    assert not vars(at.pace)["_spent"]
