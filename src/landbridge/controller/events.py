"""Writes Events on the hub: few, the same one once with a count, never in anybody's way (rule S5).

Nothing depends on an Event, for the status says the same: what the hub is too slow for, or refuses, is lost, and
counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from msgspec import to_builtins

from landbridge.api.events import EVENTS, Event, EventSeries, ObjectReference
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, MultiClusterService
from landbridge.kube.api import Api
from landbridge.kube.clock import utc_now_micro
from landbridge.kube.errors import NotFoundError
from landbridge.kube.explain import described
from landbridge.mcs.events import Note
from landbridge.telemetry.metrics import EVENTS as COUNTED
from landbridge.telemetry.text import shown

BURST, REFILL = 10, 60.0
"""Events of one MultiClusterService at once; then one more in so many seconds."""

WAITING = 500
"""Events that may wait for the hub; more are lost."""

PAUSE = 0.1
"""Seconds between two writes: status goes first."""

TIMEOUT = 5.0
"""Seconds that one may take."""

SERIES = 1800.0
"""Seconds in which the same note is the same Event; the API server forgets one after an hour."""

REMEMBERED = 10_000
"""Notes, and MultiClusterServices, that are remembered; the eldest are forgotten first."""

CONTROLLER = "landbridge.dev/controller"

K = TypeVar("K")
V = TypeVar("V")
log = structlog.get_logger()


@dataclass
class _Budget:
    left: float
    at: float

    def take(self, now: float) -> bool:
        """Whether there is one left."""
        self.left, self.at = min(BURST, self.left + (now - self.at) / REFILL), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass
class _Told:
    meta: ObjectMeta
    at: float
    count: int = 1


class _Recent(Generic[K, V]):
    """A mapping that forgets what was put into it first."""

    def __init__(self) -> None:
        self._held: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        return self._held.get(key)

    def put(self, key: K, value: V) -> V:
        self._held[key] = value
        if len(self._held) > REMEMBERED:
            self._held.popitem(last=False)
        return value


class EventRecorder:
    """Takes notes at once, and writes them by and by."""

    def __init__(self, hub: Api) -> None:
        self._hub = hub
        self._instance = shown(platform.node() or "unknown", 128)
        self._budgets: _Recent[Key, _Budget] = _Recent()
        self._told: _Recent[tuple[str, Note], _Told] = _Recent()
        self._waiting: deque[tuple[MultiClusterService, Note]] = deque()
        self._news = asyncio.Event()
        self._trouble = ""

    def tell(self, mcs: MultiClusterService, notes: list[Note]) -> None:
        """Take notes; never waits."""
        now, key = asyncio.get_running_loop().time(), mcs.metadata.key
        budget = self._budgets.get(key) or self._budgets.put(key, _Budget(BURST, now))
        for note in notes:
            if len(self._waiting) < WAITING and budget.take(now):
                self._waiting.append((mcs, note))
                self._news.set()
            else:
                COUNTED.labels("dropped").inc()

    async def run(self) -> None:
        """Write, forever."""
        while True:
            await self._news.wait()
            while self._waiting:
                await self._write(*self._waiting.popleft())
                await asyncio.sleep(PAUSE)
            self._news.clear()

    async def _write(self, mcs: MultiClusterService, note: Note) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._again_or_anew(mcs, note)
        except Exception as error:  # whatever it is, it is no reason to end anything
            COUNTED.labels("failed").inc()
            self._say(described(error))
        else:
            COUNTED.labels("written").inc()
            self._trouble = ""

    async def _again_or_anew(self, mcs: MultiClusterService, note: Note) -> None:
        now, subject = asyncio.get_running_loop().time(), (mcs.metadata.uid, note)
        told = self._told.get(subject)
        if told and now - told.at < SERIES:
            told.count, told.at = told.count + 1, now
            series = EventSeries(told.count, utc_now_micro())
            with contextlib.suppress(NotFoundError):  # else the API server forgot it
                await self._hub.merge_patch(EVENTS, told.meta, {"series": to_builtins(series)})
                return
        event = _event(mcs, note, self._instance)
        await self._hub.create(EVENTS, event)
        self._told.put(subject, _Told(event.metadata, now))

    def _say(self, trouble: str) -> None:
        """Once in a row: it is of no consequence."""
        if trouble != self._trouble:
            log.warning("event not written", error=trouble)
        self._trouble = trouble


def _event(mcs: MultiClusterService, note: Note, instance: str) -> Event:
    meta, kind = mcs.metadata, MULTI_CLUSTER_SERVICES
    return Event(
        metadata=ObjectMeta(name=f"{meta.name[:200]}.{secrets.token_hex(8)}", namespace=meta.namespace),
        event_time=utc_now_micro(),
        type=note.type,
        reason=note.reason,
        action="Sync",
        note=note.text,
        regarding=ObjectReference(kind.api_version, kind.kind, meta.namespace, meta.name, meta.uid),
        reporting_controller=CONTROLLER,
        reporting_instance=instance,
    )
