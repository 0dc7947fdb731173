"""The hub's side of each MultiClusterService: its finalizer, its end, its status."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from msgspec import to_builtins

from landbridge.api.meta import Key
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, MultiClusterService, MultiClusterServiceStatus
from landbridge.api.names import FINALIZER
from landbridge.clusters.worker import work
from landbridge.controller.refusals import BRIEF_FOR, Refusals, is_refusal
from landbridge.kube.api import Api
from landbridge.kube.backoff import Backoff
from landbridge.kube.clock import utc_now
from landbridge.kube.errors import ApiError, ConflictError, KubeError, NotFoundError
from landbridge.kube.explain import Tracebacks, described
from landbridge.kube.queue import Work, WorkQueue
from landbridge.mcs.ending import away, holding_up
from landbridge.mcs.events import Note, notes
from landbridge.mcs.gather import cluster_view, leftovers, pending_in
from landbridge.mcs.intent import refusal
from landbridge.mcs.state import FleetState
from landbridge.mcs.status import ending, status
from landbridge.telemetry.metrics import STATUS_REFUSALS, STATUS_WRITES

WORKERS = 8
STATUS_INTERVAL = 1.0
"""Least seconds between two status writes of one MultiClusterService (rule S5)."""

ENDING_AFTER = 1.0
"""Seconds after which an end that is not through is told; most take a moment."""

REFUSED_AGAIN = 60.0
"""Seconds at most until a hub that refuses a status again and again is asked once more."""

log = structlog.get_logger()


class MultiClusterServiceReconciler:
    """Works on what the hub shows; endpoints never pass through here."""

    def __init__(
        self,
        state: FleetState,
        api: Api,
        tell: Callable[[MultiClusterService, list[Note]], None] = lambda mcs, told: None,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue()
        self._state = state
        self._api = api
        self._tell = tell
        self._refusals = Refusals()
        self._pauses: dict[Key, Backoff] = {}
        """Of those whose status was refused last."""
        self._written: dict[Key, float] = {}
        self._ending: dict[Key, float] = {}
        """Since when each of these is seen to be deleted."""
        self._tracebacks = Tracebacks()

    async def run(self) -> None:
        """Work, forever."""
        await work(self.queue, self._reconcile, self._failed, workers=WORKERS)

    async def _reconcile(self, item: Work[Key]) -> None:
        key = item.key
        mcs = self._state.multicluster_services.get(key)
        if mcs is None or mcs.metadata.deletion_timestamp is None:
            self._ending.pop(key, None)
        if mcs is None:
            self._written.pop(key, None)
            self._refusals.forget(key)
            self._pauses.pop(key, None)
            self._tracebacks.forget(key)
        elif mcs.metadata.deletion_timestamp:
            await self._conclude(mcs)
        elif FINALIZER not in mcs.metadata.finalizers and refusal(key) is None:
            await self._set_finalizers(mcs, (*mcs.metadata.finalizers, FINALIZER))
        else:
            await self._report(mcs)

    async def _conclude(self, mcs: MultiClusterService) -> None:
        """End it, or say what its end waits for."""
        key = mcs.metadata.key
        self._ending.setdefault(key, asyncio.get_running_loop().time())
        if FINALIZER not in mcs.metadata.finalizers:
            await self._report_end(mcs, {})
        elif left := holding_up(self._state, key) or self._owe(mcs):
            self._await_answers(key, self._state.clusters)
            await self._report_end(mcs, left)
        else:
            try:
                await self._end(mcs)
            except KubeError as error:
                await self._report_end(mcs, {"hub": f"our finalizer cannot be taken off: {described(error)}"})
                raise

    async def _report_end(self, mcs: MultiClusterService, left: dict[str, str]) -> None:
        """Say it, if the end takes longer than a moment."""
        key, now = mcs.metadata.key, asyncio.get_running_loop().time()
        if self._comes_back(key, max(self._ending[key] + ENDING_AFTER, self._due(key)) - now):
            return
        views = [cluster_view(self._state, name, mcs, now) for name in mcs.spec.clusters]
        await self._write(mcs, ending(mcs, views, left, utc_now()))

    def _owe(self, mcs: MultiClusterService) -> dict[str, str]:
        """What clusters that are away may still hold is noted as a debt before the last trace of the object goes.

        Gives those of which the hub does not know yet; the record's change brings the key back.
        """
        key, ledger = mcs.metadata.key, self._state.ledger
        debtors = away(self._state, mcs)
        for name in debtors:
            ledger.owe(name, key)
        trouble = f": {ledger.trouble}" if ledger.trouble else ""
        waiting = [name for name in debtors if not ledger.noted(name, key)]
        return dict.fromkeys(waiting, f"out of reach; its debt is not in the fleet's record yet{trouble}")

    async def _end(self, mcs: MultiClusterService) -> None:
        key = mcs.metadata.key
        if debtors := away(self._state, mcs):
            log.warning("imports left behind as a debt", service=str(key), clusters=debtors)
        await self._set_finalizers(mcs, tuple(name for name in mcs.metadata.finalizers if name != FINALIZER))
        self._state.remember_end(mcs)
        log.info("multi-cluster service ended", service=str(key))

    def _await_answers(self, key: Key, clusters: Iterable[str]) -> bool:
        """Whether a cluster was neither won nor lost yet: after a restart all would be Stale and then Synced again.

        Then the key is looked at again when contact is won, or here when it was lost at the first try.
        """
        return any(map(self._state.connecting, clusters)) and self._comes_back(key, STATUS_INTERVAL)

    async def _set_finalizers(self, mcs: MultiClusterService, finalizers: tuple[str, ...]) -> None:
        await self._patch(mcs, {"metadata": {"finalizers": finalizers}})

    async def _report(self, mcs: MultiClusterService) -> None:
        key, names = mcs.metadata.key, mcs.spec.clusters
        now = asyncio.get_running_loop().time()
        if self._comes_back(key, self._due(key) - now) or self._await_answers(key, names):
            return
        if (soon := pending_in(self._state, mcs, now)) is not None:
            self.queue.add_after(key, soon)
        views = [cluster_view(self._state, name, mcs, now) for name in names]
        await self._write(mcs, status(mcs, views, utc_now(), leftovers(self._state, mcs)))

    def _due(self, key: Key) -> float:
        """Loop time from which the status may be written again."""
        return self._written.get(key, -STATUS_INTERVAL) + STATUS_INTERVAL

    def _comes_back(self, key: Key, wait: float) -> bool:
        """Whether it is too early; then the key is looked at again."""
        early = wait > 1e-6  # timers may fire a rounding error early
        if early:
            self.queue.add_after(key, wait)
        return early

    async def _write(self, mcs: MultiClusterService, new: MultiClusterServiceStatus) -> None:
        key, now = mcs.metadata.key, asyncio.get_running_loop().time()
        told = self._refusals.fit(key, new, now)
        if told != new:
            self.queue.add_after(key, BRIEF_FOR)
        if told == mcs.status:
            return
        self._written[key] = now
        try:
            await self._patch(mcs, {"status": to_builtins(told)}, "status")
        except ApiError as error:
            self._refused(key, error, now)
            raise
        STATUS_WRITES.inc()
        self._pauses.pop(key, None)
        if told == new:
            self._refusals.forget(key)
        self._tell(mcs, notes(mcs.status, told))

    def _refused(self, key: Key, error: ApiError, now: float) -> None:
        """A status that is not taken as it is must not be wrong for ever: a brief one follows; others come again."""
        if isinstance(error, ConflictError):  # somebody was faster; his change brings the key back
            return
        self._written[key] = now + self._pauses.setdefault(key, Backoff(most=REFUSED_AGAIN)).next(error)
        if is_refusal(error) and self._refusals.add(key, error, now):
            STATUS_REFUSALS.inc()
            log.error("status refused, a shorter one follows", service=str(key), error=described(error))

    async def _patch(self, mcs: MultiClusterService, patch: dict[str, Any], subresource: str = "") -> None:
        with contextlib.suppress(NotFoundError):  # gone meanwhile; its event follows
            await self._api.merge_patch(MULTI_CLUSTER_SERVICES, mcs.metadata, patch, subresource)

    def _failed(self, item: Work[Key], error: Exception) -> None:
        trace = self._tracebacks.of(item.key, error)
        log.warning("hub write failed", service=str(item.key), error=described(error), exc_info=trace)
