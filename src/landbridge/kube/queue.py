"""A queue of keys: each key waits once and is worked on by one worker at a time; live changes overtake resync.

They overtake it, but do not stop it: of so many keys taken, `RESYNC_SHARE`, one is a resync if one waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from landbridge.kube.backoff import Backoff

K = TypeVar("K")

RESYNC_SHARE = 8


@dataclass(frozen=True)
class Work(Generic[K]):
    """A key to work on."""

    key: K
    since: float
    """Loop time, in seconds, of the first live change that waits in it, or of the resync where there is none."""
    live: bool
    """Whether a live change asked for it, and not only a resync."""


class WorkQueue(Generic[K]):
    """Level-based: what a key stands for is read when it is worked on, so any number of events costs one run."""

    def __init__(self, backoff: Callable[[], Backoff] = Backoff) -> None:
        self._live: deque[K] = deque()
        self._resync: deque[K] = deque()
        self._waiting: dict[K, Work[K]] = {}
        self._active: dict[K, Work[K]] = {}
        self._failed: dict[K, Work[K]] = {}
        """What is to be tried again."""
        self._taken = 0
        self._backoffs: dict[K, Backoff] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._new_backoff = backoff
        self._entries = asyncio.Semaphore(0)

    def __len__(self) -> int:
        return len(self._waiting)

    def pending(self, key: K) -> bool:
        """Whether the key waits or is being worked on."""
        return key in self._waiting or key in self._active

    def unsettled_since(self, key: K) -> float | None:
        """Loop time since when something of the key waits, or is worked on; ``None`` where nothing is."""
        return min((work.since for work in (self._waiting.get(key), self._active.get(key)) if work), default=None)

    def add(self, key: K, *, live: bool = True) -> None:
        """Let the key be worked on; a live change moves a waiting resync to the front queue."""
        self._add(Work(key, asyncio.get_running_loop().time(), live))

    def add_after(self, key: K, delay: float) -> None:
        """Let the key be worked on in ``delay`` seconds; of two appointments the earlier one stands."""
        loop = asyncio.get_running_loop()
        due, timer = loop.time() + delay, self._timers.get(key)
        if timer and timer.when() <= due:
            return
        if timer:
            timer.cancel()
        self._timers[key] = loop.call_at(due, self._due, key)

    def retry(self, work: Work[K], error: Exception) -> None:
        """It failed: let it be tried again after a back-off of its key's own, as what it was, since when it was."""
        self._failed[work.key] = work
        self.add_after(work.key, self._backoffs.setdefault(work.key, self._new_backoff()).next(error))

    def forget(self, key: K) -> None:
        """It worked: the next failure starts with a short back-off."""
        self._failed.pop(key, None)
        self._backoffs.pop(key, None)

    async def get(self) -> Work[K]:
        """The next key; `done` must follow."""
        while True:
            await self._entries.acquire()
            key = self._next_line().popleft()
            work = self._waiting.get(key)
            if work and key not in self._active:  # else the entry is stale: the key moved to the front, or runs already
                del self._waiting[key]
                self._active[key] = work
                self._taken += 1
                return work

    def done(self, key: K) -> None:
        """The worker is through with the key; what came meanwhile is worked on next."""
        del self._active[key]
        if key in self._waiting:
            self._enqueue(key)

    def close(self) -> None:
        """Drop the appointments."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _due(self, key: K) -> None:
        del self._timers[key]
        if failed := self._failed.get(key):
            self._add(failed)
        else:
            self.add(key)

    def _add(self, work: Work[K]) -> None:
        key, failed = work.key, self._failed.pop(work.key, None)
        if failed and failed.live:  # the first live change counts, since it did not arrive yet
            work = Work(key, min(failed.since, work.since), live=True)
        old = self._waiting.get(key)
        if old and (old.live or not work.live):
            return
        self._waiting[key] = work
        if key not in self._active:
            self._enqueue(key)

    def _next_line(self) -> deque[K]:
        resync_is_due = self._taken % RESYNC_SHARE == RESYNC_SHARE - 1
        return self._resync if self._resync and (resync_is_due or not self._live) else self._live

    def _enqueue(self, key: K) -> None:
        (self._live if self._waiting[key].live else self._resync).append(key)
        self._entries.release()
