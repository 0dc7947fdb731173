"""Leaves word of trouble on the hub, seldom: each is a write."""

from __future__ import annotations

import asyncio

from landbridge.api.core import SECRETS
from landbridge.api.names import TROUBLE
from landbridge.clusters.roster import Roster
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.trouble import Trouble, read_trouble
from landbridge.kube.api import Api
from landbridge.kube.clock import utc_now
from landbridge.telemetry.text import shown

PAUSE = 60.0
"""Least seconds from one word to the next, and of being well before the last one is taken back."""


class Word:
    """Says on each cluster's Secret what is wrong with its engagement, and takes it back when nothing is any more."""

    def __init__(self, roster: Roster, hub: Api) -> None:
        self._roster = roster
        self._hub = hub
        self._written: dict[str, float] = {}
        self._well_since: dict[str, float] = {}

    async def leave(self, cluster: Cluster) -> float | None:
        """Bring it up to date; gives the seconds until that may be done, where it is too early."""
        name, now = cluster.name, asyncio.get_running_loop().time()
        trouble, told = self._trouble(name), read_trouble(cluster.meta)
        if trouble:
            self._well_since.pop(name, None)
        else:
            self._well_since.setdefault(name, now)
        if trouble == (told.text if told else ""):
            return None
        due = max(self._written.get(name, now - PAUSE), self._well_since.get(name, now - PAUSE)) + PAUSE
        if due - now > 1e-6:  # timers may fire a rounding error early
            return due - now
        value = Trouble(utc_now(), trouble).render() if trouble else None
        await self._hub.merge_patch(SECRETS, cluster.meta, {"metadata": {"annotations": {TROUBLE: value}}})
        self._written[name] = now
        return None

    def _trouble(self, name: str) -> str:
        if failure := self._roster.failures.get(name):
            return shown(f"its engagement failed and is tried again: {failure}")
        if (member := self._roster.members.get(name)) and member.another:
            return shown(member.another)
        if trouble := self._roster.successors.get(name):
            return shown(f"new address or CA not usable yet: {trouble}")
        return ""
