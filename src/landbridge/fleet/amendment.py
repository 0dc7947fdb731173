"""Changes of the fleet's record: any number of them become one write, on top of the version that it has by then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from landbridge.api.core import CONFIG_MAPS, ConfigMap
from landbridge.api.meta import Key
from landbridge.api.names import FLEET_RECORD, SYSTEM_NAMESPACE
from landbridge.fleet.record import FleetRecord, read_record, render_record, size
from landbridge.kube.api import Api
from landbridge.kube.backoff import Backoff
from landbridge.kube.clock import utc_now
from landbridge.kube.errors import ConflictError

MOST_BYTES = 1_000_000
"""Debts are added up to this size: an API server takes 1 MiB, and clusters must still be able to come and go."""


class Amendment:
    """What shall be different. Of two changes that contradict each other the later one stands."""

    def __init__(self, now: Callable[[], str] = utc_now) -> None:
        self.debts: dict[str, dict[Key, bool]] = {}
        """Of each cluster, which Services it owes, and which no more."""
        self.left: dict[str, str | None] = {}
        """When each cluster left; ``None`` where it is a member."""
        self._now = now

    def __bool__(self) -> bool:
        return bool(self.left) or any(self.debts.values())

    def owe(self, cluster: str, key: Key) -> None:
        """The cluster may still hold imports of this Service."""
        self.debts.setdefault(cluster, {})[key] = True

    def settle(self, cluster: str, key: Key) -> None:
        """The cluster holds none of it any more."""
        self.debts.setdefault(cluster, {})[key] = False

    def welcome(self, cluster: str) -> None:
        """The cluster is a member: should its Secret vanish, that is no farewell."""
        self.left[cluster] = None

    def farewell(self, cluster: str, seen: str = "") -> None:
        """The cluster left: what it owes is forgotten, and what others hold from it may go, now or later.

        Clocks differ: it left no earlier than it was ``seen``.
        """
        self.debts.pop(cluster, None)
        self.left[cluster] = max(self._now(), seen)

    def applied(self, record: FleetRecord) -> FleetRecord:
        """The record as it shall be."""
        welcome = frozenset(name for name, left in self.left.items() if left is None)
        farewell = {name: left for name, left in self.left.items() if left is not None}
        debts = {name: keys for name, keys in record.debts.items() if name not in farewell}
        for name, changes in self.debts.items():
            owed = {key for key, owed in changes.items() if owed}
            debts[name] = (debts.get(name, frozenset()) - changes.keys()) | owed
        debts = {name: keys for name, keys in debts.items() if keys}
        return replace(
            record,
            debts=debts,
            owing={name: record.owing.get(name, "") if name in record.debts else self._now() for name in debts},
            left={name: left for name, left in record.left.items() if name not in welcome} | farewell,
            members=(record.members | welcome) - farewell.keys(),
        )

    def fitted(self, record: FleetRecord) -> FleetRecord:
        """The record as it shall be, with only as many of the new debts as a ConfigMap takes."""
        amended = self.applied(record)
        most = _size(amended)
        new = sorted({key for changes in self.debts.values() for key, owed in changes.items() if owed})
        if most <= MOST_BYTES or not new:
            return amended
        least = _size(self._with_debts(()).applied(record))
        count = len(new) * max(0, MOST_BYTES - least) // (most - least)  # as if all names were of one length
        amended = self._with_debts(new[:count]).applied(record)
        while count and _size(amended) > MOST_BYTES:
            count = count * 9 // 10
            amended = self._with_debts(new[:count]).applied(record)
        return amended

    def forget(self, record: FleetRecord) -> None:
        """What the record, as it was just written, says by now is no change any more."""
        for name, changes in self.debts.items():
            has = record.debts.get(name, frozenset())
            self.debts[name] = {key: owed for key, owed in changes.items() if (key in has) is not owed}
        self.left = {name: left for name, left in self.left.items() if not self.is_said(name, record)}

    def is_said(self, cluster: str, record: FleetRecord) -> bool:
        """Whether the record says already what shall be said of a cluster: that it left, or is a member."""
        if cluster not in self.left:
            return True
        left = self.left[cluster]
        return record.left.get(cluster) == left and (cluster in record.members) is (left is None)

    def _with_debts(self, keys: Iterable[Key]) -> Amendment:
        """The same with these new debts only."""
        some, fewer = set(keys), Amendment(self._now)
        fewer.left = self.left
        fewer.debts = {
            name: {key: owed for key, owed in changes.items() if key in some or not owed}
            for name, changes in self.debts.items()
        }
        return fewer


def _size(record: FleetRecord) -> int:
    return size(render_record(record))


async def amend(
    api: Api, change: Callable[[FleetRecord], FleetRecord], backoff: Callable[[], Backoff] = Backoff
) -> ConfigMap:
    """Read, change, and put on top of the very version that was read, until no one came between.

    Gives what the hub has then; nothing is written where nothing changes.
    """
    pauses = backoff()
    while True:
        found = await api.get(CONFIG_MAPS, FLEET_RECORD, SYSTEM_NAMESPACE)
        record = read_record(found)
        changed = change(record)
        if changed == record:
            return found
        try:
            return await api.replace(CONFIG_MAPS, render_record(changed))
        except ConflictError as error:
            await asyncio.sleep(pauses.next(error))
