"""Who serves a cluster, and who seeks to: a changed address or CA is tried beside what works (rule S8)."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from landbridge.clusters.engagement import Engagement
from landbridge.clusters.roster import Roster
from landbridge.fleet.cluster import Cluster

log = structlog.get_logger()


class Succession:
    """The engagement of a cluster, and its successor while its Secret names another address or CA.

    The one that serves goes on until the other has everything in view, so that a wrong address blinds nobody, and a
    right one is no moment of blindness. ``engage`` begins an engagement; the flag says whether it seeks a
    place that another has.
    """

    def __init__(self, roster: Roster, cluster: Cluster, engage: Callable[[Cluster, bool], Engagement]) -> None:
        self._roster = roster
        self._engage = engage
        self._serving = engage(cluster, False)
        self._successor: Engagement | None = None

    async def heed(self, cluster: Cluster) -> bool:
        """Take in what the Secret says now; gives whether there is news of a successor's trouble."""
        self._serving.update(cluster)
        if self._successor and self._successor.config != cluster.config:
            await self._dismiss(self._successor)
        if self._serving.config == cluster.config:
            return False
        if self._successor is None:
            log.info("new address or CA is tried", cluster=cluster.name, server=cluster.config.server)
            self._successor = self._engage(cluster, True)
        self._successor.update(cluster)
        if self._successor.complete:
            await self._replace(self._successor)
            return False
        return self._tell(cluster.name, self._successor.trouble)

    async def end(self) -> None:
        """Disengage the cluster."""
        if self._successor:
            await self._dismiss(self._successor)
        await self._serving.end()

    @property
    def pending(self) -> bool:
        """Whether somebody seeks the place."""
        return self._successor is not None

    async def _replace(self, successor: Engagement) -> None:
        old, self._serving, self._successor = self._serving, successor, None
        self._roster.successors.pop(successor.cluster.name, None)
        successor.enter()
        await old.end()
        successor.serve()

    async def _dismiss(self, successor: Engagement) -> None:
        self._successor = None
        self._roster.successors.pop(successor.cluster.name, None)
        await successor.end()

    def _tell(self, name: str, trouble: str) -> bool:
        before = self._roster.successors.pop(name, "")
        if trouble:
            self._roster.successors[name] = trouble
        if trouble and trouble != before:
            log.warning("new address or CA not usable yet", cluster=name, error=trouble)
        return trouble != before
