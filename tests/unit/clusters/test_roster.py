"""Rows of the roster's tables."""

from __future__ import annotations

from landbridge.clusters.roster import Roster
from landbridge.fleet.record import FleetRecord
from tests.unit.fakes import make_state
from tests.unit.objects import cluster


def roster() -> Roster:
    state = make_state()
    state.clusters["new"] = cluster("new")
    return state


def test_s12_a_cluster_that_is_about_to_be_engaged_is_connecting() -> None:
    """After a restart, before its task has begun: else it would be called Stale, and Synced again a moment later."""
    assert roster().connecting("new")


def test_s15_a_cluster_that_cannot_be_engaged_is_waited_for_by_nobody() -> None:
    known = roster()
    known.held_up.add("new")
    assert not known.connecting("new")
    known = roster()
    known.failures["new"] = "its certificate is no good"
    assert not known.connecting("new")
    known = roster()
    known.clusters["new"] = None
    assert not known.connecting("new"), "its Secret is refused"
    assert not known.connecting("unknown")


def test_s15_what_a_cluster_says_of_one_that_left_spares_its_own_imports_alone() -> None:
    """Whoever may write slices there could bring any cluster back into the fleet else, for all."""
    known = roster()
    known.ledger.record = FleetRecord("fleet-1", left={"old": "2026-01-01T00:00:00Z"})
    known.witnessed["new"] = {"old": "2026-01-02T00:00:00Z"}
    assert not known.gone("old", "new")
    assert known.gone("old", "third")
    assert known.gone("old")
    assert known.everyone == {"new"}


def test_s14_a_secret_that_is_refused_or_missing_lifts_no_bar() -> None:
    known = roster()
    known.described["new"] = cluster("new", namespaces="shop")
    known.clusters["new"] = None
    assert not known.allows("new", "mcs-demo")
    del known.clusters["new"]
    assert not known.allows("new", "mcs-demo")
    assert known.allows("new", "shop")
