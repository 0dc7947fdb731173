"""The imports of one consumer: gather, decide, apply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from landbridge.api.meta import Key
from landbridge.clusters.member import Member
from landbridge.clusters.worker import work
from landbridge.kube.errors import ForbiddenError
from landbridge.kube.explain import Tracebacks, described
from landbridge.kube.queue import Work
from landbridge.mcs.apply import SeveralFailedError, apply
from landbridge.mcs.gather import view
from landbridge.mcs.intent import Intent
from landbridge.mcs.plan import Change, Changes, plan
from landbridge.mcs.repairs import Repairs
from landbridge.mcs.state import FleetState
from landbridge.mcs.views import View
from landbridge.telemetry.metrics import REPAIRS, SYNC_SECONDS, WRITE_FAILURES, WRITES

WORKERS = 16
"""Services worked on at once in one cluster."""

LOOK_AGAIN = 1.0
"""Seconds until what was withheld for want of the hub is looked at again."""

log = structlog.get_logger()


class ImportReconciler:
    """Keeps the imports of one consumer right. ``report`` hears of each Service whose state there may have changed."""

    def __init__(self, state: FleetState, member: Member, report: Callable[[Key], None]) -> None:
        self._state = state
        self._member = member
        self._report = report
        self._repairs = Repairs()
        self._restraint = state.restraints[member.name]
        self._pace = state.paces[member.name]
        self._log = log.bind(cluster=member.name)
        self._tracebacks = Tracebacks()
        self._latency = SYNC_SECONDS.labels(member.name)

    async def run(self) -> None:
        """Work, forever."""
        await work(self._member.queue, self._reconcile, self._failed, workers=WORKERS)

    async def _reconcile(self, item: Work[Key]) -> None:
        if not self._member.writable:
            return  # contact brings every key back
        changed = await self._sync(item)
        if self._forget_failures(item.key) or changed:
            self._report(item.key)

    async def _sync(self, item: Work[Key]) -> bool:
        """Make one Service right; gives whether the hub may want to know."""
        key, member = item.key, self._member
        wanted = view(self._state, member, key)
        changes = self._paced(key, self._admitted(key, self._restrained(wanted, plan(wanted))))
        if changes:
            await apply(member, changes, partial(self._written, key))
            if item.live:
                self._latency.observe(asyncio.get_running_loop().time() - item.since)
        elif not (wanted.consumer.imports or changes.wanted):
            self._repairs.forget(key)
        if self._is_settled(key, wanted.intent):
            self._state.ledger.settle(member.name, key)
        return bool(changes) or wanted.intent is Intent.REMOVE

    def _restrained(self, wanted: View, changes: Changes) -> Changes:
        """Out of contact with the hub for longer than the lease, what no provider caused waits (rule S12)."""
        if self._state.in_contact():
            self._restraint.leads(wanted, changes)
            return changes
        restrained = self._restraint.restrain(wanted, changes)
        if restrained != changes:
            self._member.queue.add_after(wanted.key, LOOK_AGAIN)
        return restrained

    def _is_settled(self, key: Key, intent: Intent) -> bool:
        """Whether nothing is owed any more: a new object explains the imports again, or the last of them is gone."""
        paid = intent is Intent.REMOVE and not self._member.imports(key, self._state.uid)
        return paid or intent is Intent.SYNC

    def _admitted(self, key: Key, changes: Changes) -> Changes:
        """The changes without those of imports that somebody else undoes all the time; they come back later."""
        admitted, wait, text = self._repairs.admit(changes, asyncio.get_running_loop().time())
        if wait:
            self._member.queue.add_after(key, wait)
        if text and key not in self._member.contested:
            self._log.warning("import contested", service=str(key), error=text)
            self._report(key)
        if text:
            self._member.contested[key] = text
        elif self._member.contested.pop(key, None):
            self._report(key)
        return admitted

    def _paced(self, key: Key, changes: Changes) -> Changes:
        """The changes without new imports that come too fast; they have their turn later (rule S9)."""
        before = key in self._pace.told
        paced, wait = self._pace.admit(key, changes, asyncio.get_running_loop().time())
        if wait:
            self._member.queue.add_after(key, wait)
        if before != bool(wait):
            self._report(key)
        if wait and not before:
            self._log.warning("new imports wait", service=str(key), error=self._pace.told[key])
        return paced

    def _written(self, key: Key, verb: str, change: Change) -> None:
        WRITES.labels(self._member.name, verb, change.reason).inc()
        self._restraint.written(key, verb, change)
        now = asyncio.get_running_loop().time()
        if verb == "create":
            self._pace.created(key, change, now)
        if self._repairs.made(verb, change, now):
            REPAIRS.labels(self._member.name).inc()
        say = self._log.debug if verb == "update" else self._log.info
        say("import written", verb=verb, reason=change.reason, slice=str(change.slice.metadata.key))

    def _failed(self, item: Work[Key], error: Exception) -> None:
        key, member = item.key, self._member
        kept, other = member.failed, member.refused
        if _forbidden(error):
            kept, other = other, kept
        other.pop(key, None)
        kept[key] = described(error)
        WRITE_FAILURES.labels(member.name, type(error).__name__).inc()
        trace = self._tracebacks.of(key, error)
        self._log.warning("sync failed", service=str(key), error=kept[key], exc_info=trace)
        self._report(key)

    def _forget_failures(self, key: Key) -> bool:
        """Whether a Service had failed before."""
        self._tracebacks.forget(key)
        member = self._member
        return (member.failed.pop(key, None) or member.refused.pop(key, None)) is not None


def _forbidden(error: Exception) -> bool:
    if isinstance(error, SeveralFailedError):
        return any(isinstance(one, ForbiddenError) for one in error.errors)
    return isinstance(error, ForbiddenError)
