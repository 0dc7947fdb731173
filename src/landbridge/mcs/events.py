"""Which Events follow from what a status said before, and says now; pure.

| what           | before                    | now                       | Event                                   |
|----------------|---------------------------|---------------------------|-----------------------------------------|
| a row          | in order, or of another state | in trouble            | Warning, with its state as the reason   |
| a row          | in trouble                | in order                  | Normal `Recovered`                      |
| `Ready`        | another reason            | a reason that no row has  | Warning, with that reason               |
| `Ready`        | such a reason             | True                      | Normal, with its reason                 |
| others         | not that reason           | True                      | Warning, for each reason that came      |
| others         | True                      | False                     | Normal, with its reason                 |

In order are also rows whose conflicts a condition tells, and rows where endpoints come or go: every day's work is no
event. Nor is what stays as it is, so a controller that starts anew has nothing to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, get_args

from landbridge.api.events import EventType
from landbridge.api.multicluster import ClusterStatus, Condition, MultiClusterServiceStatus, State
from landbridge.mcs.rows import WRITING
from landbridge.telemetry.text import shown

RECOVERED = "Recovered"

LONGEST_REASON, LONGEST_NOTE = 128, 1000
"""Bytes that an API server takes, and a little less."""


class Note(NamedTuple):
    """An Event to be written."""

    type: EventType
    reason: str
    text: str


def notes(old: MultiClusterServiceStatus | None, new: MultiClusterServiceStatus) -> list[Note]:
    """What there is to tell."""
    rows = {row.name: row for row in old.clusters} if old else {}
    conditions = {condition.type: condition for condition in old.conditions} if old else {}
    told = [note for row in new.clusters for note in _of_row(rows.get(row.name), row)]
    return told + [note for one in new.conditions for note in _of_condition(conditions.get(one.type), one)]


def _of_row(old: ClusterStatus | None, new: ClusterStatus) -> Iterator[Note]:
    before, now = _trouble(old), _trouble(new)
    if now and now != before:
        yield _note("Warning", now, f"{new.name}: {new.message}")
    elif before and not now:
        yield _note("Normal", RECOVERED, f"{new.name}: not {before} any more")


def _trouble(row: ClusterStatus | None) -> str:
    """The state of a row that is in trouble."""
    fine = row is None or row.state in ("Synced", "Conflict") or (row.state, row.message) == ("Pending", WRITING)
    return "" if fine or row is None else row.state


def _of_condition(old: Condition | None, new: Condition) -> Iterator[Note]:
    before, now = _reasons(old), _reasons(new)
    for reason in sorted(now - before):
        yield _note("Warning", reason, new.message)
    if before and not now and new.status != "Unknown":
        yield _note("Normal", new.reason, new.message)


def _reasons(condition: Condition | None) -> set[str]:
    """Why it is as nobody wants it, as far as no row says the same."""
    if condition is None or condition.status != ("False" if condition.type == "Ready" else "True"):
        return set()
    return set(condition.reason.split(",")) - set(get_args(State))


def _note(type_: EventType, reason: str, text: str) -> Note:
    return Note(type_, shown(reason, LONGEST_REASON), shown(text, LONGEST_NOTE))
