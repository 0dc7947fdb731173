"""One engaged cluster: a connection, and the task that lives on it. Cancelling the task is the disengagement."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from landbridge.api.meta import Key
from landbridge.api.names import SYNC_ACCOUNT
from landbridge.clusters.bulkhead import contain, endless
from landbridge.clusters.member import Member
from landbridge.clusters.roster import Roster
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.renewal import keep_renewed
from landbridge.fleet.stores import secret_store
from landbridge.kube.api import Api
from landbridge.kube.credentials import StaticToken
from landbridge.kube.guarded import GuardedApi
from landbridge.telemetry.metrics import AWAITING, IMPORTS, LIVE, QUEUE, UNEXPLAINED

log = structlog.get_logger()


class Listener(Protocol):
    """Who hears of what happens in the clusters, and to them."""

    def member_changed(self, member: Member, key: Key) -> None:
        """A Service, one of its slices, or a namespace changed in a member."""

    def contact_changed(self, member: Member, won: bool) -> None:
        """Contact with a member was won or lost, in part or as a whole."""

    def engagement_failed(self, cluster: str) -> None:
        """The engagement of a cluster ended by an error; it is tried again."""

    def roster_changed(self) -> None:
        """A cluster came, goes, or is described otherwise."""


Duty = Callable[[Member], Awaitable[None]]
"""What is done in a member for as long as it is engaged."""


class Engagement:
    """A cluster's task, from `start` to `end`; what goes wrong in it stays in it (rule S15)."""

    def __init__(self, roster: Roster, hub: Api, cluster: Cluster, listener: Listener, duty: Duty) -> None:
        self.cluster = cluster
        self._roster = roster
        self._hub = hub
        self._listener = listener
        self._duty = duty
        self._token = StaticToken(cluster.token)
        self._task: asyncio.Task[None] | None = None

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Engage."""
        self._task = tasks.create_task(contain(self.cluster.name, self._live, self._failed))

    async def end(self) -> None:
        """Disengage; what is in the cluster stays."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._roster.failures.pop(self.cluster.name, None)

    def update(self, cluster: Cluster) -> None:
        """Take in what its Secret says now; a new token serves the next request (rule S8)."""
        if self.cluster.token != cluster.token:  # else ours may be newer, and on its way into the Secret
            self._token.value = cluster.token
        self.cluster = cluster
        if member := self._roster.members.get(cluster.name):
            member.cluster = cluster

    async def _live(self) -> None:
        name, roster = self.cluster.name, self._roster
        async with Api(self.cluster.config, self._token, self._hub.patience) as api:
            member = Member(
                self.cluster,
                GuardedApi(api, roster.permit),
                on_change=self._listener.member_changed,
                on_contact=self._listener.contact_changed,
            )
            roster.failures.pop(name, None)
            roster.members[name] = member
            LIVE.labels(name).set(0)
            log.info("cluster engaged", cluster=name, server=api.server)
            try:
                await self._work(member, api)
            finally:
                del roster.members[name]
                member.queue.close()
                for gauge in (LIVE, QUEUE, IMPORTS, UNEXPLAINED, AWAITING):
                    gauge.remove(name)
                log.info("cluster disengaged", cluster=name)

    async def _work(self, member: Member, api: Api) -> None:
        store = secret_store(self._hub, lambda: self.cluster)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(endless(member.follow()))
            tasks.create_task(endless(self._duty(member)))
            tasks.create_task(endless(keep_renewed(api, SYNC_ACCOUNT, self._token, store)))

    def _failed(self, error: str) -> None:
        self._roster.failures[self.cluster.name] = error
        self._listener.engagement_failed(self.cluster.name)
