"""Rows of the roster's tables."""

from __future__ import annotations

from landbridge.clusters.roster import Roster
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
