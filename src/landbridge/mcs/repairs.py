"""Imports that somebody else undoes: put right at once, then less and less often (rules S5, S12); no clock of its own.

A person who deletes imports is undone at once. Another controller that wants them otherwise, or a second fleet, would
be undone a hundred times a second, and undo as often. So each import has a budget of repairs: `BURST`, which refills by
one a second. When it is used up, the pauses between repairs double, until nothing had to be repaired for `QUIET`.
A repair is a write of what was written before; a change of the provider's own endpoints never waits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from landbridge.api.discovery import EndpointSlice
from landbridge.api.meta import Key
from landbridge.mcs.plan import Change, Changes, same

BURST = 20
"""Repairs of one import without any pause."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two repairs of an import whose budget is used up."""

QUIET = 60.0
"""Seconds without a repair after which everything is forgotten."""


@dataclass
class _Contest:
    """The repairs of one import."""

    at: float
    """When the last one was made."""
    budget: float = BURST
    pause: float = 0.0
    repairs: int = 0

    def wait(self, now: float) -> float:
        """Seconds until the next one may be made."""
        return max(0.0, self.at + self.pause - now)

    def repair(self, now: float) -> None:
        """Make one."""
        self.repairs += 1
        self.budget = min(BURST, self.budget + now - self.at) - 1
        if self.pause or self.budget < 0:
            self.pause = min(LONGEST_PAUSE, self.pause * 2 or FIRST_PAUSE)
        self.at = now


class Repairs:
    """Those of one cluster."""

    def __init__(self) -> None:
        self._sent: dict[Key, dict[str, EndpointSlice]] = {}
        """What was written last of each import, by Service and name."""
        self._contests: dict[Key, _Contest] = {}

    def admit(self, changes: Changes, now: float) -> tuple[Changes, float, str]:
        """The changes, without what may not be written now; seconds until that may, and what to say of it.

        ``now`` is in seconds, of a clock that only goes forward.
        """
        waits = {_key(c): self._wait(c, now) for c in (*changes.create, *changes.update)}
        admitted = replace(
            changes,
            create=tuple(change for change in changes.create if not waits[_key(change)]),
            update=tuple(change for change in changes.update if not waits[_key(change)]),
            withheld=(*changes.withheld, *(c for c in (*changes.create, *changes.update) if waits[_key(c)])),
        )
        waiting = [key for key, wait in waits.items() if wait]
        if not waiting:
            return admitted, 0.0, ""
        return admitted, min(waits[key] for key in waiting), self._describe(waiting[0])

    def made(self, verb: str, change: Change, now: float) -> bool:
        """Take note of a write that the cluster took; gives whether it is a repair of what somebody else undid."""
        sent, name = self._sent.setdefault(_service(change), {}), change.name
        if verb == "delete":
            sent.pop(name, None)
            return False
        repair = self._is_repair(change)
        sent[name] = change.slice
        if repair:
            self._contest(change, now).repair(now)
        return repair

    def forget(self, service: Key) -> None:
        """No import of the Service is there, and none is wanted."""
        for name in self._sent.pop(service, {}):
            self._contests.pop(Key(service.namespace, name), None)

    def _wait(self, change: Change, now: float) -> float:
        """Seconds until it may be made."""
        if self._is_repair(change):
            return self._contest(change, now).wait(now)
        self._contests.pop(_key(change), None)
        return 0.0

    def _is_repair(self, change: Change) -> bool:
        last = self._sent.get(_service(change), {}).get(change.name)
        return last is not None and same(last, change.slice)

    def _contest(self, change: Change, now: float) -> _Contest:
        contest = self._contests.get(_key(change))
        if contest is None or now - contest.at > QUIET:
            contest = self._contests[_key(change)] = _Contest(now)
        return contest

    def _describe(self, key: Key) -> str:
        contest = self._contests[key]
        return (
            f"somebody else changes import {key.name} again and again; it was put right {contest.repairs} times, and "
            f"is now every {contest.pause:.0f} s: see who does, by `kubectl get endpointslice -o yaml`"
        )


def _key(change: Change) -> Key:
    return change.slice.metadata.key


def _service(change: Change) -> Key:
    return Key(change.slice.metadata.namespace, change.slice.service)
