"""A queue of keys: each key waits once and is worked on by one worker at a time; live changes overtake resync."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from landbridge.kube.backoff import Backoff

K = TypeVar("K")


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
        self._active: set[K] = set()
        self._backoffs: dict[K, Backoff] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._new_backoff = backoff
        self._entries = asyncio.Semaphore(0)

    def __len__(self) -> int:
        return len(self._waiting)

    def pending(self, key: K) -> bool:
        """Whether the key waits or is being worked on."""
        return key in self._waiting or key in self._active

    def add(self, key: K, *, live: bool = True) -> None:
        """Let the key be worked on; a live change moves a waiting resync to the front queue."""
        old = self._waiting.get(key)
        if old and (old.live or not live):
            return
        self._waiting[key] = Work(key, asyncio.get_running_loop().time(), live)
        if key not in self._active:
            self._enqueue(key)

    def add_after(self, key: K, delay: float) -> None:
        """Let the key be worked on in ``delay`` seconds; of two appointments the earlier one stands."""
        loop = asyncio.get_running_loop()
        due, timer = loop.time() + delay, self._timers.get(key)
        if timer and timer.when() <= due:
            return
        if timer:
            timer.cancel()
        self._timers[key] = loop.call_at(due, self._due, key)

    def retry(self, key: K, error: Exception) -> None:
        """It failed: let the key be worked on after a back-off of its own."""
        self.add_after(key, self._backoffs.setdefault(key, self._new_backoff()).next(error))

    def forget(self, key: K) -> None:
        """It worked: the next failure starts with a short back-off."""
        self._backoffs.pop(key, None)

    async def get(self) -> Work[K]:
        """The next key; `done` must follow."""
        while True:
            await self._entries.acquire()
            key = (self._live or self._resync).popleft()
            work = self._waiting.get(key)
            if work and key not in self._active:  # else the entry is stale: the key moved to the front, or runs already
                del self._waiting[key]
                self._active.add(key)
                return work

    def done(self, key: K) -> None:
        """The worker is through with the key; what came meanwhile is worked on next."""
        self._active.discard(key)
        if key in self._waiting:
            self._enqueue(key)

    def close(self) -> None:
        """Drop the appointments."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _due(self, key: K) -> None:
        del self._timers[key]
        self.add(key)

    def _enqueue(self, key: K) -> None:
        (self._live if self._waiting[key].live else self._resync).append(key)
        self._entries.release()
