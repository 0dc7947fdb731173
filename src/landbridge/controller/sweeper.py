"""What nothing explains any more, in one cluster: looked for seldom, swept if it is little, left to a person if not.

It decides only which imports go (rule S7); the cluster's own workers delete them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

import structlog

from landbridge.api.discovery import EndpointSlice
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICE_NAMES
from landbridge.clusters.member import Member
from landbridge.clusters.ownership import service_of
from landbridge.kube.api import Api
from landbridge.kube.errors import KubeError
from landbridge.mcs.holdings import Holdings, holdings
from landbridge.mcs.state import FleetState
from landbridge.mcs.sweep import Sweep, Verdict
from landbridge.telemetry.metrics import AWAITING

AFTER = 30.0
"""Seconds between two looks: what was unexplained in both, and nothing else with it, is swept."""

MOST_TOLD = 5
"""Other fleets that are named in the log."""

log = structlog.get_logger()


class Sweeper:
    """That of one engaged cluster."""

    def __init__(
        self,
        state: FleetState,
        member: Member,
        hub: Api,
        after: float = AFTER,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._state = state
        self._member = member
        self._hub = hub
        self._after = after
        self._sleep = sleep
        self._sweep = Sweep()
        self._told_of_strangers = False
        self._log = log.bind(cluster=member.name)

    async def run(self) -> None:
        """Look, forever."""
        while True:
            await self._sleep(self._after)
            await self._look()

    async def _look(self) -> None:
        state, member = self._state, self._member
        member.swept = frozenset()
        if not (state.current and member.live):
            self._sweep.blind()
            return
        found = holdings(member.slices.store, state.uid, lambda key: state.explains(member.name, key))
        self._tell_of_strangers(found.foreign)
        waited = self._sweep.waiting
        verdict = self._sweep.judge(found)
        AWAITING.labels(member.name).set(len(found.unexplained) if self._sweep.waiting else 0)
        if verdict is Verdict.WAIT and not waited:
            self._tell(found)
        if verdict is Verdict.SWEEP:
            await self._order(found.unexplained)

    async def _order(self, imports: Iterable[EndpointSlice]) -> None:
        """Ask the hub itself once more, since its cache may lag; then let these very imports go."""
        try:
            there = {found.metadata.key for found in (await self._hub.list(MULTI_CLUSTER_SERVICE_NAMES)).items}
        except KubeError as error:
            self._log.warning("nothing swept, the hub gave no answer", error=str(error))
            return
        member, swept = self._member, [import_ for import_ in imports if service_of(import_) not in there]
        member.swept = frozenset(import_.metadata.uid for import_ in swept)
        for key in sorted(set(map(service_of, swept))):
            self._log.warning("swept, since no MultiClusterService explains it", service=str(key))
            member.queue.add(key, live=False)

    def _tell_of_strangers(self, foreign: Counter[str]) -> None:
        """Once, while there are some: who they are changes seldom, and labels can be forged in any number."""
        if foreign and not self._told_of_strangers:
            self._log.warning(
                "imports of another fleet, which are not touched",
                imports=foreign.total(),
                fleets=[uid for uid, _ in foreign.most_common(MOST_TOLD)],
                command=f"landbridge fleet sweep {self._member.name} --fleet UID",
            )
        self._told_of_strangers = bool(foreign)

    def _tell(self, found: Holdings) -> None:
        self._log.error(
            "imports wait for a person: no MultiClusterService explains them; was the hub emptied, or restored?",
            unexplained=len(found.unexplained),
            services=len(found.services),
            imports=found.imports,
            command=f"landbridge fleet sweep {self._member.name}",
        )
