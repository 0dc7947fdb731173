"""Which clusters are engaged: one task each, as the hub's Secrets say; cancelling it is the disengagement."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog

from landbridge.api.core import SECRETS, Secret
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.names import FINALIZER, SYNC_ACCOUNT
from landbridge.controller.router import Router
from landbridge.controller.sync import Syncer
from landbridge.fleet import record
from landbridge.fleet.cluster import PREFIX, Cluster, read_cluster
from landbridge.fleet.renewal import keep_renewed
from landbridge.fleet.settings import RefusedClusterError
from landbridge.fleet.stores import secret_store
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import KubeError
from landbridge.kube.queue import WorkQueue
from landbridge.kube.store import Store
from landbridge.mcs.gather import Fleet
from landbridge.mcs.member import Member, imported
from landbridge.mcs.plan import source
from landbridge.telemetry.metrics import IMPORTS, LIVE, QUEUE, UNEXPLAINED

LEAVING_CHECK = 0.25
"""Seconds between two looks, in memory, at whether a leaving cluster is clean."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Engagement:
    """A connection and the task that lives on it."""

    config: ServerConfig
    token: StaticToken
    task: asyncio.Task[None]

    async def end(self) -> None:
        """Close the connection; what is in the cluster stays."""
        self.task.cancel()
        await asyncio.wait([self.task])


class Engagements:
    """Engages, updates and disengages clusters, one at a time."""

    def __init__(self, fleet: Fleet, hub: Api, router: Router, secrets: Store[Secret]) -> None:
        self._fleet = fleet
        self._hub = hub
        self._router = router
        self._secrets = secrets
        self._queue: WorkQueue[Key] = WorkQueue()
        self._engaged: dict[str, Engagement] = {}
        self._news: set[Key] = set()
        """Secrets that changed; a look at whether a leaving cluster is clean is none."""

    def secret_changed(self, key: Key) -> None:
        """Take in at once what a Secret says: half of a list of clusters must never decide anything (rule S7)."""
        name = key.name.removeprefix(PREFIX)
        secret = self._secrets.get(key)
        if name == key.name:  # it could stand for, or take with it, the cluster whose Secret has that name
            log.error("secret ignored", secret=str(key), error=f"cluster Secrets are named {PREFIX}<name>")
            return
        old = self._fleet.clusters.get(name)
        new = _read(secret) if secret else None
        if secret is None:
            self._fleet.clusters.pop(name, None)
        else:
            self._fleet.clusters[name] = new
        if old is None or new is None or not _same_but_for_token(old, new):
            self._news.add(key)
        self._queue.add(key)

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Work, forever; the clusters' tasks go to ``tasks``."""
        while True:
            key = (await self._queue.get()).key
            try:
                await self._reconcile(key, tasks)
            except KubeError as error:
                log.warning("cluster not reconciled", secret=str(key), error=str(error))
                self._queue.retry(key, error)
            else:
                self._queue.forget(key)
            finally:
                self._queue.done(key)

    async def _reconcile(self, key: Key, tasks: asyncio.TaskGroup) -> None:
        name = key.name.removeprefix(PREFIX)
        cluster = self._fleet.clusters.get(name)
        engaged = self._engaged.get(name)
        if engaged and (cluster is None or cluster.config != engaged.config or engaged.task.done()):
            del self._engaged[name]
            await engaged.end()
        if cluster and not await self._held(cluster):
            return
        if cluster:
            self._serve(cluster, tasks)
        if key in self._news:
            self._news.discard(key)
            self._router.fleet_changed()
        if cluster and cluster.leaving:
            await self._let_go(cluster, key)

    async def _held(self, cluster: Cluster) -> bool:
        """Whether the Secret is held by our finalizer (or is ending); else nothing is written there yet (rule S11)."""
        if cluster.name in self._fleet.left and not cluster.leaving:
            await record.returned(self._hub, cluster.name)
            self._fleet.left.discard(cluster.name)
        if cluster.leaving or FINALIZER in cluster.meta.finalizers:
            return True
        await self._set_finalizers(cluster, (*cluster.meta.finalizers, FINALIZER))
        return False

    async def _set_finalizers(self, cluster: Cluster, finalizers: tuple[str, ...]) -> None:
        await self._hub.merge_patch(SECRETS, cluster.meta, {"metadata": {"finalizers": finalizers}})

    def _serve(self, cluster: Cluster, tasks: asyncio.TaskGroup) -> None:
        """Engage a cluster, or give the engaged one its new token for the next request (rule S8)."""
        if engaged := self._engaged.get(cluster.name):
            if member := self._fleet.members.get(cluster.name):
                if member.cluster.token != cluster.token:  # else ours may be newer, and on its way into the Secret
                    engaged.token.value = cluster.token
                member.cluster = cluster
            return
        token = StaticToken(cluster.token)
        task = tasks.create_task(self._live(cluster, token))
        self._engaged[cluster.name] = Engagement(cluster.config, token, task)

    async def _live(self, cluster: Cluster, token: StaticToken) -> None:
        """An engaged cluster's life."""
        try:
            api = Api(cluster.config, token)
        except KubeError as error:
            log.error("cluster not usable", cluster=cluster.name, error=str(error))
            return
        log.info("cluster engaged", cluster=cluster.name, server=cluster.config.server)
        async with api:
            member = Member(
                cluster, api, on_change=self._router.member_changed, on_contact=self._router.contact_changed
            )
            self._fleet.members[cluster.name] = member
            LIVE.labels(cluster.name).set(0)
            try:
                await self._work(member, token)
            finally:
                del self._fleet.members[cluster.name]
                member.queue.close()
                for gauge in (LIVE, QUEUE, IMPORTS, UNEXPLAINED):
                    gauge.remove(cluster.name)
                log.info("cluster disengaged", cluster=cluster.name)

    async def _work(self, member: Member, token: StaticToken) -> None:
        told = self._router.told
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(member.follow())
            tasks.create_task(Syncer(self._fleet, member, self._hub, told).run())
            store = secret_store(self._hub, lambda: member.cluster)
            tasks.create_task(keep_renewed(member.api, SYNC_ACCOUNT, token, store))

    async def _let_go(self, cluster: Cluster, key: Key) -> None:
        """Take our finalizer off the Secret of a leaving cluster when nothing of ours is left (rule S11)."""
        if FINALIZER not in cluster.meta.finalizers:
            return
        if not self._clean(cluster.name):
            self._queue.add_after(key, LEAVING_CHECK)
            return
        await record.drop(self._hub, cluster.name)
        self._fleet.debts.pop(cluster.name, None)
        self._fleet.left.add(cluster.name)
        await self._set_finalizers(cluster, tuple(name for name in cluster.meta.finalizers if name != FINALIZER))
        log.info("cluster left the fleet", cluster=cluster.name)

    def _clean(self, name: str) -> bool:
        """Whether the cluster holds no import, and no other cluster that can be seen holds one from it."""
        fleet = self._fleet
        leaving = fleet.members.get(name)
        if leaving is None or not leaving.live or any(map(fleet.connecting, fleet.members)):
            return False
        joining = [mcs.metadata.key for mcs in fleet.services if name in (*mcs.spec.providers, *mcs.spec.consumers)]
        return not any(
            any(member.queue.pending(key) or key in member.failed for key in joining)  # decided before, and under way
            or any(
                imported(slice_, fleet.uid) and (member is leaving or source(slice_) == name)
                for slice_ in member.slices.store
            )
            for member in fleet.members.values()
            if member.live
        )


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
