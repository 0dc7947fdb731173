"""What may be written while another controller may lead the fleet (rule S12); no clock, and no memory but its own.

A leader that is out of contact with the hub for longer than its lease does not know whether it has a successor, nor
what the hub says by now; and what it sees of a provider may be older than it knows, for a line that is cut in silence
takes a while to be noticed. So it goes on with what a provider does, and with nothing else:

| import                              | wanted now, compared with before | written                                  |
|-------------------------------------|----------------------------------|------------------------------------------|
| was never wanted, and is not there  | new                              | yes                                      |
| was there, and somebody deleted it  | -                                | no: it may be a successor's word         |
| there                               | something else                   | yes, in the very version that was seen   |
| there, and somebody changed it      | the same                         | no: he may know more                     |
| there                               | no more                          | deleted                                  |
| there, and was never wanted         | -                                | no: a successor made it                  |
"""

from __future__ import annotations

from dataclasses import replace

from landbridge.api.discovery import EndpointSlice
from landbridge.api.meta import Key
from landbridge.mcs.plan import Change, Changes, same
from landbridge.mcs.views import View


class Restraint:
    """What was wanted of each import, and came true, of one consumer."""

    def __init__(self) -> None:
        self._wanted: dict[Key, dict[str, EndpointSlice]] = {}

    def leads(self, view: View, changes: Changes) -> None:
        """Take note, while nobody else can lead, of what is right already; `written` tells of the rest."""
        there = {slice_.metadata.name: slice_ for slice_ in view.consumer.imports}
        wanted = there | self._wanted.get(view.key, {}) | _settled(changes)
        self._wanted[view.key] = {name: s for name, s in wanted.items() if name in there or name in changes.wanted}
        self._drop_if_empty(view.key)

    def restrain(self, view: View, changes: Changes) -> Changes:
        """The changes without those that no provider caused; what they were to bring stays where it is (rule S5)."""
        wanted = self._wanted.setdefault(view.key, {})
        wanted.update(_settled(changes))
        create = tuple(change for change in changes.create if change.name not in wanted)
        update = tuple(change for change in changes.update if not _same(wanted.get(change.name), change.slice))
        going = {change.name for change in (*create, *update)}
        return replace(
            changes,
            create=create,
            update=update,
            delete=tuple(change for change in changes.delete if change.name in wanted),
            withheld=tuple(c for c in (*changes.create, *changes.update) if c.name not in going),
        )

    def written(self, key: Key, verb: str, change: Change) -> None:
        """A change came true."""
        wanted = self._wanted.setdefault(key, {})
        if verb == "delete":
            wanted.pop(change.name, None)
        else:
            wanted[change.name] = change.slice
        self._drop_if_empty(key)

    def _drop_if_empty(self, key: Key) -> None:
        if not self._wanted[key]:
            del self._wanted[key]


def _settled(changes: Changes) -> dict[str, EndpointSlice]:
    """What is wanted, and there."""
    unsettled = {change.name for change in (*changes.create, *changes.update)}
    return {name: slice_ for name, slice_ in changes.wanted.items() if name not in unsettled}


def _same(before: EndpointSlice | None, now: EndpointSlice) -> bool:
    return before is not None and same(before, now)
