"""Which Events follow from two statuses."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from landbridge.api.multicluster import ClusterStatus, Condition, MultiClusterServiceStatus
from landbridge.mcs.events import LONGEST_NOTE, LONGEST_REASON, Note, notes
from landbridge.mcs.rows import WRITING


def said(state: str = "Synced", message: str = "", **conditions: tuple[str, str]) -> MultiClusterServiceStatus:
    """A status with one row and these conditions (status and reason), in order unless said otherwise."""
    both = {"Ready": ("True", "Synced"), "Conflict": ("False", "NoConflicts")} | conditions
    return MultiClusterServiceStatus(
        conditions=tuple(Condition(type_, truth, reason, "why") for type_, (truth, reason) in both.items()),
        clusters=(ClusterStatus("new", ("Consumer",), state, message=message),),
    )


FINE = said()
STALE = said("Stale", "no answer", Ready=("Unknown", "Stale"))
MISSING = said("NoService", "make it", Ready=("False", "NoService"))
WORKING = said("Pending", WRITING, Ready=("False", "Pending"))
FAILING = said("Pending", "quota", Ready=("False", "Pending"))
EMPTY = said(Ready=("False", "NoEndpoints"))
CONFLICT = said("Conflict", "it differs", Conflict=("True", "PortConflict"))
TWO = said("Conflict", "it differs", Conflict=("True", "HostnameConflict,PortConflict"))
UNKNOWN = said(Conflict=("Unknown", "NotCompared"))
REFUSED = said(Ready=("False", "ReservedNamespace"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (None, FINE, []),
        (None, MISSING, [("Warning", "NoService", "new: make it")]),
        (None, REFUSED, [("Warning", "ReservedNamespace", "why")]),
        (FINE, STALE, [("Warning", "Stale", "new: no answer")]),
        (STALE, MISSING, [("Warning", "NoService", "new: make it")]),
        (MISSING, MISSING, []),
        (MISSING, WORKING, [("Normal", "Recovered", "new: not NoService any more")]),
        (WORKING, FINE, []),
        (FINE, WORKING, []),
        (WORKING, FAILING, [("Warning", "Pending", "new: quota")]),
        (FAILING, FINE, [("Normal", "Recovered", "new: not Pending any more")]),
        (FINE, EMPTY, [("Warning", "NoEndpoints", "why")]),
        (EMPTY, FINE, [("Normal", "Synced", "why")]),
        (EMPTY, STALE, [("Warning", "Stale", "new: no answer")]),
        (FINE, CONFLICT, [("Warning", "PortConflict", "why")]),
        (CONFLICT, TWO, [("Warning", "HostnameConflict", "why")]),
        (TWO, CONFLICT, []),
        (CONFLICT, FINE, [("Normal", "NoConflicts", "why")]),
        (CONFLICT, UNKNOWN, []),
        (FINE, said(Other=("True", "AddressFiltered")), [("Warning", "AddressFiltered", "why")]),
    ],
)
def test_s5_what_changes_for_the_worse_or_back_is_told_and_nothing_else(
    old: MultiClusterServiceStatus | None, new: MultiClusterServiceStatus, told: list[Any]
) -> None:
    assert notes(old, new) == told


def test_s15_words_of_others_are_as_short_as_an_event_takes() -> None:
    (note,) = notes(FINE, said("Stale", "ö" * 5000))
    assert len(note.text.encode()) <= LONGEST_NOTE
    (note,) = notes(FINE, said(Conflict=("True", "R" * 500)))
    assert len(note.reason) <= LONGEST_REASON


def test_what_another_tool_left_in_a_status_is_no_obstacle() -> None:
    odd = msgspec.structs.replace(FINE, conditions=(Condition("Odd"), Condition("Ready", "False")), clusters=())
    assert notes(odd, FINE) == [Note("Normal", "Synced", "why")]
