"""The imports of one consumer: gather, decide, apply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
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
        self._had: dict[Key, frozenset[str]] = {}
        """Names of the imports that were last seen, by Service."""
        self._log = log.bind(cluster=member.name)
        self._tracebacks = Tracebacks()
        self._latency = SYNC_SECONDS.labels(member.name)

    async def run(self) -> None:
        """Work, forever."""
        await work(self._member.queue, self._reconcile, self._failed, workers=WORKERS)

    async def _reconcile(self, item: Work[Key]) -> None:
        changed = await self._sync(item)
        if self._forget_failures(item.key) or changed:
            self._report(item.key)

    async def _sync(self, item: Work[Key]) -> bool:
        """Make one Service right; gives whether the hub may want to know."""
        key, member = item.key, self._member
        if not member.writable:
            return False  # contact brings every key back
        wanted = view(self._state, member, key)
        changes = self._admitted(key, self._cautious(key, plan(wanted)))
        if changes:
            await apply(member, changes, partial(self._written, key))
            self._seen(key)
            if item.live:
                self._latency.observe(asyncio.get_running_loop().time() - item.since)
        if self._is_settled(key, wanted.intent):
            self._state.ledger.settle(member.name, key)
        return bool(changes) or wanted.intent is Intent.REMOVE

    def _cautious(self, key: Key, changes: Changes) -> Changes:
        """Out of contact with the hub for longer than the lease, nothing is made again that somebody else deleted.

        It may be a successor who did so, for a newer word of the hub (rule S12).
        """
        before = self._had.get(key, frozenset())
        self._seen(key)
        if self._state.in_contact():
            return changes
        missing = tuple(change for change in changes.create if change.slice.metadata.name in before)
        if missing:
            self._member.queue.add_after(key, LOOK_AGAIN)
        return replace(changes, create=tuple(c for c in changes.create if c not in missing), withheld=missing)

    def _seen(self, key: Key) -> None:
        """Remember which imports there are; and, while the hub is away, which there were."""
        names = frozenset(slice_.metadata.name for slice_ in self._member.imports(key, self._state.uid))
        if not self._state.in_contact():
            names |= self._had.get(key, frozenset())
        if names:
            self._had[key] = names
        else:
            self._had.pop(key, None)

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

    def _written(self, key: Key, verb: str, change: Change) -> None:
        WRITES.labels(self._member.name, verb, change.reason).inc()
        if verb == "delete":  # by us, and not by somebody else
            self._had[key] = self._had.get(key, frozenset()) - {change.slice.metadata.name}
        if self._repairs.made(change):
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
