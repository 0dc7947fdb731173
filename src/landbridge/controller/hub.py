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
from landbridge.fleet import record
from landbridge.kube.api import Api
from landbridge.kube.clock import utc_now
from landbridge.kube.errors import KubeError, NotFoundError
from landbridge.kube.queue import WorkQueue
from landbridge.mcs.gather import Fleet, cluster_view
from landbridge.mcs.intent import refusal
from landbridge.mcs.status import status
from landbridge.telemetry.metrics import STATUS_WRITES

WORKERS = 8
STATUS_INTERVAL = 1.0
"""Least seconds between two status writes of one MultiClusterService (rule S5)."""

log = structlog.get_logger()


class HubWorker:
    """Works on what the hub shows; endpoints never pass through here."""

    def __init__(self, fleet: Fleet, api: Api) -> None:
        self.queue: WorkQueue[Key] = WorkQueue()
        self._fleet = fleet
        self._api = api
        self._written: dict[Key, float] = {}

    async def run(self) -> None:
        """Work, forever."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(WORKERS):
                tasks.create_task(self._worker())

    async def _worker(self) -> None:
        while True:
            key = (await self.queue.get()).key
            try:
                await self._reconcile(key)
            except KubeError as error:
                log.warning("hub write failed", service=str(key), error=str(error))
                self.queue.retry(key, error)
            else:
                self.queue.forget(key)
            finally:
                self.queue.done(key)

    async def _reconcile(self, key: Key) -> None:
        mcs = self._fleet.services.get(key)
        if mcs is None:
            self._written.pop(key, None)
            return
        held = FINALIZER in mcs.metadata.finalizers
        if mcs.metadata.deletion_timestamp:
            if held and self._clean(key) and not self._waits_for(key, self._fleet.clusters):
                await self._let_go(mcs)
        elif not held and refusal(key) is None:
            await self._set_finalizers(mcs, (*mcs.metadata.finalizers, FINALIZER))
        else:
            await self._report(mcs)

    def _clean(self, key: Key) -> bool:
        """Whether no cluster that can be reached holds anything, or is about to write (rule S11)."""
        return not any(
            member.live and (member.queue.pending(key) or key in member.failed or member.imports(key, self._fleet.uid))
            for member in self._fleet.members.values()
        )

    def _waits_for(self, key: Key, clusters: Iterable[str]) -> bool:
        """Whether a cluster was just engaged: after a restart all are, and would be called Stale and then Synced again.

        The key is looked at again when contact is won, or here when it was lost at the first try.
        """
        waits = any(map(self._fleet.connecting, clusters))
        if waits:
            self.queue.add_after(key, STATUS_INTERVAL)
        return waits

    async def _let_go(self, mcs: MultiClusterService) -> None:
        """What the others may still hold is noted as a debt before the last trace of the object goes."""
        key = mcs.metadata.key
        away = [name for name in self._fleet.clusters if not self._fleet.live(name)]
        if away:
            await record.add_debts(self._api, {name: [key] for name in away})
            for name in away:
                self._fleet.debts.setdefault(name, set()).add(key)
            log.warning("imports left behind as a debt", service=str(key), clusters=away)
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
        names = dict.fromkeys((*mcs.spec.providers, *mcs.spec.consumers))
        if self._waits_for(key, names):
            return
        new = status(mcs, [cluster_view(self._fleet, name, mcs) for name in names], utc_now())
        if new == mcs.status:
            return
        self._written[key] = now
        await self._patch(mcs, {"status": to_builtins(new)}, "status")
        STATUS_WRITES.inc()

    async def _patch(self, mcs: MultiClusterService, patch: dict[str, Any], subresource: str = "") -> None:
        with contextlib.suppress(NotFoundError):  # gone meanwhile; its event follows
            await self._api.merge_patch(MULTI_CLUSTER_SERVICES, mcs.metadata, patch, subresource)
