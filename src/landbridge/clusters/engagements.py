"""Which clusters are engaged: as the hub's Secrets say."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

import structlog

from landbridge.api.core import SECRETS, Secret
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.names import FINALIZER
from landbridge.clusters.engagement import Duty, Engagement, Listener
from landbridge.clusters.ownership import proved, source
from landbridge.clusters.roster import Roster
from landbridge.clusters.succession import Succession
from landbridge.clusters.word import Word
from landbridge.clusters.worker import work
from landbridge.fleet.cluster import PREFIX, Cluster, read_cluster
from landbridge.fleet.settings import RefusedClusterError
from landbridge.kube.api import Api
from landbridge.kube.explain import Tracebacks, described
from landbridge.kube.queue import Work, WorkQueue
from landbridge.kube.store import Store
from landbridge.telemetry.metrics import forget

WORKERS = 8
"""Clusters that are engaged, updated or let go at once: the hub may be slow with one Secret."""

SUCCESSOR_CHECK = 5.0
"""Seconds between two looks, in memory, at the trouble of a new address or CA."""

LEAVING_CHECK = 1.0
"""Seconds between two looks, in memory, at whether a leaving cluster is clean."""

FIRST_CHECK = 0.25
"""Seconds until the second one: most leave that soon."""

STRAYS_NAMED = 10
"""So many of what stays are named in the log."""

log = structlog.get_logger()


class Departures(Protocol):
    """Who knows what a leaving cluster waits for."""

    def clean(self, cluster: str) -> bool:
        """Whether nothing of it is left."""

    def forget(self, cluster: str) -> None:
        """It is leaving no more: it left, or it joined again."""

    def strays(self, cluster: str) -> list[str]:
        """What looks as if it were of it, and stays."""


class Engagements:
    """Engages, updates and disengages clusters."""

    def __init__(
        self,
        roster: Roster,
        hub: Api,
        secrets: Store[Secret],
        *,
        listener: Listener,
        duty: Duty,
        departures: Departures,
    ) -> None:
        self._roster = roster
        self._hub = hub
        self._secrets = secrets
        self._listener = listener
        self._duty = duty
        self._departures = departures
        self._looked_at: set[Key] = set()
        """Secrets of leaving clusters."""
        self._queue: WorkQueue[Key] = WorkQueue()
        self._tracebacks = Tracebacks()
        self._word = Word(roster, hub)
        self._engaged: dict[str, Succession] = {}
        self._changed: set[Key] = set()
        """Secrets that say something new, other than a token, of which the others have not heard yet."""

    def secret_changed(self, key: Key) -> None:
        """Take in at once what a Secret says: half of a list of clusters must never decide anything (rule S7)."""
        name = key.name.removeprefix(PREFIX)
        secret = self._secrets.get(key)
        if name == key.name:  # it could stand for, or take with it, the cluster whose Secret has that name
            log.error("secret ignored", secret=str(key), error=f"cluster Secrets are named {PREFIX}<name>")
            return
        old = self._roster.clusters.get(name)
        new = _read(secret) if secret else None
        if secret is None:
            self._roster.clusters.pop(name, None)
        else:
            self._roster.clusters[name] = new
            self._roster.sign(name, secret.metadata.creation_timestamp)
        if new:
            self._roster.described[name] = new
        if old is None or new is None or not _same_but_for_token(old, new):
            self._changed.add(key)
        self._queue.add(key)

    def record_changed(self) -> None:
        """The fleet's record says something new: who waited for that goes on."""
        for secret in self._secrets:
            self._queue.add(secret.metadata.key)

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Work, forever; the clusters' tasks go to ``tasks``."""

        async def reconcile(item: Work[Key]) -> None:
            await self._reconcile(item.key, tasks)

        await work(self._queue, reconcile, self._failed, workers=WORKERS)

    async def _reconcile(self, key: Key, tasks: asyncio.TaskGroup) -> None:
        name = key.name.removeprefix(PREFIX)
        cluster = self._roster.clusters.get(name)
        if cluster is None and (engaged := self._engaged.pop(name, None)):
            await engaged.end()
        if name not in self._roster.clusters:
            forget(name)
        if cluster:
            self._roster.held_up.add(name)
            if not await self._is_held(cluster):
                return
            self._roster.held_up.discard(name)
            await self._serve(cluster, key, tasks)
        if key in self._changed:
            self._changed.discard(key)
            self._listener.roster_changed()
        if cluster and cluster.leaving:
            await self._let_go(cluster, key)
        elif key in self._looked_at:
            self._looked_at.discard(key)
            self._departures.forget(name)
        if cluster and not cluster.leaving and (wait := await self._word.leave(cluster)):
            self._queue.add_after(key, wait)

    async def _is_held(self, cluster: Cluster) -> bool:
        """Whether neither its deletion nor its disappearance can make us forget it; else nothing is written there yet.

        Against one there is a finalizer on its Secret, against the other its name in the fleet's record (rule S11).
        """
        if cluster.leaving:
            return True
        self._roster.ledger.welcome(cluster.name)
        if FINALIZER not in cluster.meta.finalizers:
            await self._set_finalizers(cluster, (*cluster.meta.finalizers, FINALIZER))
            return False
        return self._roster.ledger.written(cluster.name)

    async def _set_finalizers(self, cluster: Cluster, finalizers: tuple[str, ...]) -> None:
        await self._hub.merge_patch(SECRETS, cluster.meta, {"metadata": {"finalizers": finalizers}})

    async def _serve(self, cluster: Cluster, key: Key, tasks: asyncio.TaskGroup) -> None:
        def engage(described: Cluster, seeks: bool) -> Engagement:
            engagement = Engagement(
                self._roster,
                self._hub,
                described,
                self._listener,
                self._duty,
                seeks=seeks,
                news=lambda: self._queue.add(key),
            )
            engagement.start(tasks)
            return engagement

        engaged = self._engaged.get(cluster.name)
        if engaged is None:
            self._engaged[cluster.name] = Succession(self._roster, cluster, engage)
            return
        if await engaged.heed(cluster):
            self._listener.engagement_failed(cluster.name)
        if engaged.pending:
            self._queue.add_after(key, SUCCESSOR_CHECK)

    async def _let_go(self, cluster: Cluster, key: Key) -> None:
        """Take our finalizer off the Secret of a leaving cluster when nothing of ours is left (rule S11)."""
        if FINALIZER not in cluster.meta.finalizers:
            return
        wait = LEAVING_CHECK if key in self._looked_at else FIRST_CHECK
        self._looked_at.add(key)
        if not self._departures.clean(cluster.name):
            self._queue.add_after(key, wait)
            return
        self._roster.ledger.farewell(cluster.name, self._last_seen(cluster))
        if not self._roster.ledger.written(cluster.name):
            return  # the record's change brings it back
        await self._set_finalizers(cluster, tuple(name for name in cluster.meta.finalizers if name != FINALIZER))
        log.info("cluster left the fleet", cluster=cluster.name)
        if strays := self._departures.strays(cluster.name):
            named = strays[:STRAYS_NAMED]
            log.warning(
                "imports kept that only labels call its own", cluster=cluster.name, n=len(strays), imports=named
            )

    def _last_seen(self, cluster: Cluster) -> str:
        """When it was in the fleet for sure, by the hub's clock, and by the clocks of those that import from it."""
        uid = self._roster.uid
        slices = (slice_ for member in self._roster.members.values() for slice_ in member.slices.store)
        made = (
            s.metadata.creation_timestamp or "" for s in slices if proved(s, uid) and source(s, uid) == cluster.name
        )
        return max(cluster.meta.deletion_timestamp or "", *made, "")

    def _failed(self, item: Work[Key], error: Exception) -> None:
        trace = self._tracebacks.of(item.key, error)
        log.warning("cluster not reconciled", secret=str(item.key), error=described(error), exc_info=trace)


def _same_but_for_token(one: Cluster, other: Cluster) -> bool:
    return (
        replace(one, token="", meta=ObjectMeta()) == replace(other, token="", meta=ObjectMeta())
        and one.leaving == other.leaving
    )


def _read(secret: Secret) -> Cluster | None:
    try:
        return read_cluster(secret)
    except RefusedClusterError as error:
        log.error("cluster refused", secret=str(secret.metadata.key), reason=error.reason, error=error.message)
        return None
