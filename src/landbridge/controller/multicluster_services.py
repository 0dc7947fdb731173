"""The hub's side of each MultiClusterService: its finalizer, its end, its status."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

import structlog
from msgspec import to_builtins

from landbridge.api.meta import Key
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, MultiClusterService
from landbridge.api.names import FINALIZER
from landbridge.clusters.worker import work
from landbridge.kube.api import Api
from landbridge.kube.clock import utc_now
from landbridge.kube.errors import NotFoundError
from landbridge.kube.explain import Tracebacks, described
from landbridge.kube.queue import Work, WorkQueue
from landbridge.mcs.ending import away, nothing_left
from landbridge.mcs.gather import cluster_view, pending_in
from landbridge.mcs.intent import refusal
from landbridge.mcs.state import FleetState
from landbridge.mcs.status import status
from landbridge.telemetry.metrics import STATUS_WRITES

WORKERS = 8
STATUS_INTERVAL = 1.0
"""Least seconds between two status writes of one MultiClusterService (rule S5)."""

log = structlog.get_logger()


class MultiClusterServiceReconciler:
    """Works on what the hub shows; endpoints never pass through here."""

    def __init__(self, state: FleetState, api: Api) -> None:
        self.queue: WorkQueue[Key] = WorkQueue()
        self._state = state
        self._api = api
        self._written: dict[Key, float] = {}
        self._tracebacks = Tracebacks()

    async def run(self) -> None:
        """Work, forever."""
        await work(self.queue, self._reconcile, self._failed, workers=WORKERS)

    async def _reconcile(self, item: Work[Key]) -> None:
        key = item.key
        mcs = self._state.multicluster_services.get(key)
        if mcs is None:
            self._written.pop(key, None)
            self._tracebacks.forget(key)
            return
        has_finalizer = FINALIZER in mcs.metadata.finalizers
        if mcs.metadata.deletion_timestamp:
            if has_finalizer and nothing_left(self._state, key) and self._all_answered(key, self._state.clusters):
                await self._end(mcs)
        elif not has_finalizer and refusal(key) is None:
            await self._set_finalizers(mcs, (*mcs.metadata.finalizers, FINALIZER))
        else:
            await self._report(mcs)

    def _all_answered(self, key: Key, clusters: Iterable[str]) -> bool:
        """Whether each cluster was won or lost: after a restart all would be called Stale and then Synced again.

        Else the key is looked at again when contact is won, or here when it was lost at the first try.
        """
        answered = not any(map(self._state.connecting, clusters))
        if not answered:
            self.queue.add_after(key, STATUS_INTERVAL)
        return answered

    async def _end(self, mcs: MultiClusterService) -> None:
        """What clusters that are away may still hold is noted as a debt before the last trace of the object goes."""
        key, ledger = mcs.metadata.key, self._state.ledger
        debtors = away(self._state, mcs)
        for name in debtors:
            ledger.owe(name, key)
        if not all(ledger.noted(name, key) for name in debtors):
            return  # the record's change brings it back
        if debtors:
            log.warning("imports left behind as a debt", service=str(key), clusters=debtors)
        await self._set_finalizers(mcs, tuple(name for name in mcs.metadata.finalizers if name != FINALIZER))
        log.info("multi-cluster service ended", service=str(key))

    async def _set_finalizers(self, mcs: MultiClusterService, finalizers: tuple[str, ...]) -> None:
        await self._patch(mcs, {"metadata": {"finalizers": finalizers}})

    async def _report(self, mcs: MultiClusterService) -> None:
        key = mcs.metadata.key
        now = asyncio.get_running_loop().time()
        wait = self._written.get(key, -STATUS_INTERVAL) + STATUS_INTERVAL - now
        if wait > 1e-6:  # timers may fire a rounding error early
            self.queue.add_after(key, wait)
            return
        names = mcs.spec.clusters
        if not self._all_answered(key, names):
            return
        if (soon := pending_in(self._state, mcs, now)) is not None:
            self.queue.add_after(key, soon)
        new = status(mcs, [cluster_view(self._state, name, mcs, now) for name in names], utc_now())
        if new == mcs.status:
            return
        self._written[key] = now
        await self._patch(mcs, {"status": to_builtins(new)}, "status")
        STATUS_WRITES.inc()

    async def _patch(self, mcs: MultiClusterService, patch: dict[str, Any], subresource: str = "") -> None:
        with contextlib.suppress(NotFoundError):  # gone meanwhile; its event follows
            await self._api.merge_patch(MULTI_CLUSTER_SERVICES, mcs.metadata, patch, subresource)

    def _failed(self, item: Work[Key], error: Exception) -> None:
        trace = self._tracebacks.of(item.key, error)
        log.warning("hub write failed", service=str(item.key), error=described(error), exc_info=trace)
