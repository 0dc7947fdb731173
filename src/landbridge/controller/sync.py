"""The workers of one consumer: take a key, gather, decide, apply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from landbridge.api.meta import Key
from landbridge.fleet import record
from landbridge.kube.api import Api
from landbridge.kube.errors import ForbiddenError, KubeError
from landbridge.kube.queue import Work
from landbridge.mcs.apply import apply
from landbridge.mcs.gather import Fleet, view
from landbridge.mcs.intent import Intent
from landbridge.mcs.member import Member
from landbridge.mcs.plan import Change, plan
from landbridge.telemetry.metrics import SYNC_SECONDS, WRITE_FAILURES, WRITES

WORKERS = 16
"""Services worked on at once in one cluster."""

log = structlog.get_logger()


class Syncer:
    """Keeps the imports of one consumer right. ``told`` hears of every Service whose state there may have changed."""

    def __init__(self, fleet: Fleet, member: Member, hub: Api, told: Callable[[Key], None]) -> None:
        self._fleet = fleet
        self._member = member
        self._hub = hub
        self._told = told
        self._log = log.bind(cluster=member.name)
        self._latency = SYNC_SECONDS.labels(member.name)

    async def run(self) -> None:
        """Work, forever."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(WORKERS):
                tasks.create_task(self._worker())

    async def _worker(self) -> None:
        queue = self._member.queue
        while True:
            work = await queue.get()
            key = work.key
            try:
                tell = await self._sync(work)
            except KubeError as error:
                self._fail(key, error)
                tell = True
            else:
                tell = self._succeed(key) or tell
            finally:
                queue.done(key)
            if tell:
                self._told(key)

    async def _sync(self, work: Work[Key]) -> bool:
        """Make one Service right; gives whether the hub may want to know."""
        key, member = work.key, self._member
        if not member.live:
            return False  # contact brings every key back
        wanted = view(self._fleet, member, key)
        changes = plan(wanted)
        if changes:
            await apply(member, changes, self._written)
            if work.live:
                self._latency.observe(asyncio.get_running_loop().time() - work.since)
        if wanted.intent is not Intent.KEEP and self._fleet.owed(member.name, key):
            await record.settle(self._hub, member.name, {key})  # paid, or explained again by a new object
            self._fleet.debts.get(member.name, set()).discard(key)
        return bool(changes) or wanted.intent is Intent.REMOVE

    def _written(self, verb: str, change: Change) -> None:
        WRITES.labels(self._member.name, verb, change.reason).inc()
        say = self._log.debug if verb == "update" else self._log.info
        say("import written", verb=verb, reason=change.reason, slice=str(change.slice.metadata.key))

    def _fail(self, key: Key, error: KubeError) -> None:
        member = self._member
        kept, other = member.failed, member.refused
        if isinstance(error, ForbiddenError):
            kept, other = other, kept
        other.pop(key, None)
        kept[key] = str(error)
        WRITE_FAILURES.labels(member.name, type(error).__name__).inc()
        self._log.warning("sync failed", service=str(key), error=str(error))
        member.queue.retry(key, error)

    def _succeed(self, key: Key) -> bool:
        """Forget the failures of a Service; gives whether there were any."""
        member = self._member
        member.queue.forget(key)
        return (member.failed.pop(key, None) or member.refused.pop(key, None)) is not None
