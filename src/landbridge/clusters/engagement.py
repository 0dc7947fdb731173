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
from landbridge.fleet.tokens import TokenError
from landbridge.kube.api import Api
from landbridge.kube.credentials import StaticToken
from landbridge.kube.guarded import GuardedApi
from landbridge.telemetry.metrics import AWAITING, FOREIGN, IMPORTS, LIVE, QUEUE, UNEXPLAINED

log = structlog.get_logger()


class JoinedTwiceError(Exception):
    """Another member of the fleet is the same cluster."""


class Listener(Protocol):
    """Who hears of what happens in the clusters, and to them."""

    def member_changed(self, member: Member, key: Key) -> None:
        """A Service or one of its slices changed in a member, or a namespace came or went."""

    def contact_changed(self, member: Member, won: bool) -> None:
        """Contact with a member was won or lost, in part or as a whole."""

    def engagement_failed(self, cluster: str) -> None:
        """The engagement of a cluster, or of the one that seeks its place, has trouble; it is tried again."""

    def roster_changed(self) -> None:
        """A cluster came, goes, or is described otherwise."""


Duty = Callable[[Member], Awaitable[None]]
"""What is done in a member for as long as it is engaged."""


class Engagement:
    """A connection's task, from `start` to `end`; what goes wrong in it stays in it (rule S15).

    One that ``seeks`` the place of another sees, and is seen by nobody, until it may `enter`; and writes nothing until
    it may `serve`. ``news`` is called when there may be more trouble, or less.
    """

    def __init__(
        self,
        roster: Roster,
        hub: Api,
        cluster: Cluster,
        listener: Listener,
        duty: Duty,
        *,
        seeks: bool = False,
        news: Callable[[], None] = lambda: None,
    ) -> None:
        self.cluster = cluster
        """As its Secret says."""
        self.config = cluster.config
        """What it is connected to."""
        self._roster = roster
        self._hub = hub
        self._listener = listener
        self._duty = duty
        self._news = news
        self._token = StaticToken(cluster.token)
        self._task: asyncio.Task[None] | None = None
        self._member: Member | None = None
        self._error = ""
        self._seeks = seeks
        self._serves = asyncio.Event()
        if not seeks:
            self._serves.set()

    @property
    def complete(self) -> bool:
        """Whether everything is listed, and in view."""
        return self._member is not None and self._member.live and self._member.namespaces.synced

    @property
    def trouble(self) -> str:
        """Why it is not complete; empty while nothing went wrong."""
        if self._member is None:
            return self._error
        return "" if self._member.connecting or self.complete else self._member.trouble

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Engage."""
        self._task = tasks.create_task(contain(self.cluster.name, self._live, self._failed))

    def enter(self) -> None:
        """Take the place of another in one step: at no moment the cluster is out of view."""
        self._seeks = False
        if member := self._member:
            if (old := self._roster.members.get(member.name)) and old.live:
                member.since = old.since
            self._enter(member)
            self._listener.contact_changed(member, True)

    def serve(self) -> None:
        """Write: nobody else does so any more."""
        self._serves.set()

    async def end(self) -> None:
        """Disengage; what is in the cluster stays."""
        if not self._seeks:
            self._roster.failures.pop(self.cluster.name, None)
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    def update(self, cluster: Cluster) -> None:
        """Take in what its Secret says now; a new token serves the next request (rule S8)."""
        if self.cluster.token != cluster.token and self.config == cluster.config:
            self._token.value = cluster.token  # else ours may be newer, and on its way into the Secret
        self.cluster = cluster
        if self._member:
            self._member.describe(cluster)

    async def _live(self) -> None:
        async with Api(self.config, self._token, self._hub.patience) as api:
            self._meet_nobody_twice()
            member = self._member = Member(
                self.cluster,
                GuardedApi(api, self._roster.permit),
                on_change=self._changed,
                on_contact=self._contact_changed,
            )
            if not self._seeks:
                self._enter(member)
                self._news()
            try:
                await self._work(member, api)
            finally:
                self._member = None
                member.queue.close()
                self._leave(member)

    def _meet_nobody_twice(self) -> None:
        """Two members in one cluster would each export what is there, and undo what the other writes.

        Raises:
            JoinedTwiceError: The cluster is engaged under another name.
        """
        for other in self._roster.members.values():
            if other.name != self.cluster.name and other.uid and other.uid == self.cluster.uid:
                raise JoinedTwiceError(f"it is the same cluster as {other.name}: both have uid {other.uid}")

    def _enter(self, member: Member) -> None:
        name, roster = member.name, self._roster
        roster.failures.pop(name, None)
        roster.members[name] = member
        LIVE.labels(name).set(member.live)
        log.info("cluster engaged", cluster=name, server=member.api.server)

    def _leave(self, member: Member) -> None:
        name, roster = member.name, self._roster
        if roster.members.get(name) is not member:
            return  # it never entered, or another one took its place
        del roster.members[name]
        for gauge in (LIVE, QUEUE, IMPORTS, UNEXPLAINED, AWAITING, FOREIGN):
            gauge.remove(name)
        log.info("cluster disengaged", cluster=name)

    async def _work(self, member: Member, api: Api) -> None:
        store = secret_store(self._hub, self.stored)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(endless(member.follow()))
            await self._serves.wait()
            tasks.create_task(endless(self._duty(member)))
            tasks.create_task(endless(keep_renewed(api, SYNC_ACCOUNT, self._token, store)))

    def stored(self) -> Cluster:
        """The cluster as its Secret has it; our token belongs there only while it names what we are connected to.

        Raises:
            TokenError: It names something else.
        """
        if self.cluster.config != self.config:
            raise TokenError("the Secret names another address or CA by now")
        return self.cluster

    def _changed(self, member: Member, key: Key) -> None:
        if self._roster.members.get(member.name) is member:
            self._listener.member_changed(member, key)

    def _contact_changed(self, member: Member, won: bool) -> None:
        if self._roster.members.get(member.name) is member:
            self._listener.contact_changed(member, won)
        self._news()

    def _failed(self, error: str) -> None:
        self._error = error
        if not self._seeks:
            self._roster.failures[self.cluster.name] = error
            self._listener.engagement_failed(self.cluster.name)
        self._news()
