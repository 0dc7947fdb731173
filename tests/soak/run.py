"""One seed after the other, on one lab."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from landbridge_lab import ClusterSpec, Lab

from landbridge.fleet import record
from landbridge.kube.patience import Patience
from tests.api.controller_process import ControllerProcess, free_port
from tests.api.world import CLUSTERS, World, at_work, seen_by_admins
from tests.soak.faults import Faults
from tests.soak.journal import Journal
from tests.soak.nonsense import Proxy
from tests.soak.observer import Observer
from tests.soak.schedule import Fault, Kind, Schedule
from tests.soak.stage import Stage
from tests.soak.verdict import differences, unexcused, unpublished

WATCH_PROOF = 5.0
OPTIONS = ("--lease-seconds", "2", "--watch-proof", f"{WATCH_PROOF:g}", "--sweep-after", "2")
BUILT = 60.0
"""Seconds for a new stage to be in order: nothing is judged by it."""

CONVERGED = 10.0
"""Seconds after the faults, within which everything is right again."""


@dataclass
class Outcome:
    """What came of a seed."""

    seed: int
    load: float
    """Of the machine, over the last minute: times are to be read beside it."""
    played: list[Fault] = field(default_factory=list)
    gaps: int = 0
    """How often a provider itself did not publish."""
    converged: float = 0.0
    """Seconds from the end of the faults until everything was right."""
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Soak:
    """The lab, joined, with its controllers."""

    world: World
    proxies: Mapping[str, Proxy]
    second: ControllerProcess
    folder: Path

    async def play(self, schedule: Schedule) -> Outcome:
        """One seed, from an empty stage to an empty stage."""
        outcome, began = Outcome(schedule.seed, os.getloadavg()[0]), monotonic()
        stage = Stage(self.world, schedule)
        await stage.build()
        with closing(Journal(self.folder / f"seed-{schedule.seed}.log")) as journal:
            await self._judge(stage, journal, outcome)
        outcome.wrong += await stage.clear()
        outcome.wrong += await self._left(stage)
        outcome.seconds = monotonic() - began
        outcome.load = max(outcome.load, os.getloadavg()[0])
        return outcome

    async def _judge(self, stage: Stage, journal: Journal, outcome: Outcome) -> None:
        """Play the faults on a stage, and say what came of it."""
        prefix = f"soak-{outcome.seed}-"
        dark = {(joined.namespace, joined.name): joined.dark for joined in stage.schedule.services if joined.dark}
        observers = [Observer(name, self.world.admins[name], prefix, journal, dark) for name in CLUSTERS]
        async with _following(observers):
            outcome.wrong += await self._until_right(stage, "before the faults", BUILT)
            journal.begin()
            faults = Faults(stage, self.proxies, self.world.controller, self.second, journal)
            await _play(stage, faults)
            if any(fault.kind is Kind.EMPTIED for fault in faults.played):
                await asyncio.gather(*map(self.world.sweep, CLUSTERS))  # what waits for a person's word
            await self.world.controller.started()  # how long a process takes to start is not what is judged
            ended = journal.now()
            differing = await self._until_right(stage, "after the faults", CONVERGED)
            outcome.converged = journal.now() - ended
        losses = [loss for observer in observers for loss in observer.losses]
        gaps = [gap for observer in observers for gap in observer.gaps]
        outcome.played, outcome.gaps = faults.played, len(gaps)
        outcome.wrong += faults.failed
        outcome.wrong += [leak for observer in observers for leak in observer.leaks]
        outcome.wrong += map(str, unpublished(gaps, faults.excuses))
        outcome.wrong += map(str, unexcused(losses, faults.excuses, gaps, faults.pauses))
        outcome.wrong += differing  # last: they may be many

    async def _until_right(self, stage: Stage, when: str, seconds: float) -> list[str]:
        """What is still wrong in the end; nothing, if it came right in time."""
        end = monotonic() + seconds
        while wrong := [*differences(*await stage.differences()), *await stage.unready()]:
            if monotonic() > end:
                return [f"{when}: {line}" for line in wrong]
            await asyncio.sleep(0.2)
        return []

    async def _left(self, stage: Stage) -> list[str]:
        """Imports and debts that are left when everything has ended."""
        end = monotonic() + CONVERGED
        while True:
            _, found = await stage.differences()
            debts = (await record.load(self.world.hub)).debts
            left = [f"left in {c}: {'/'.join(s)} from {p}" for c, s, p in found] + [f"debts of {c}" for c in debts]
            if not left or monotonic() > end:
                return left
            await asyncio.sleep(0.2)


@asynccontextmanager
async def soaking(name: str, folder: Path) -> AsyncGenerator[Soak]:
    """Bring everything up, and down afterwards."""
    async with AsyncExitStack() as stack:
        specs = [ClusterSpec(cluster) for cluster in CLUSTERS]
        lab = await stack.enter_async_context(Lab(name, specs, control_plane_only=True))
        proxies = {cluster: Proxy(lab.clusters[cluster]) for cluster in CLUSTERS}
        for proxy in proxies.values():
            await stack.enter_async_context(proxy.serving())
        admins = await stack.enter_async_context(seen_by_admins(lab))
        kubeconfig = folder / "controller.kubeconfig"
        first = ControllerProcess(kubeconfig, folder / "controller.log", OPTIONS)
        second = ControllerProcess(kubeconfig, folder / "second.log", OPTIONS, free_port(first.port + 1))
        for admin in admins.values():
            admin.patience = Patience(WATCH_PROOF)  # observers, too, shall see soon that an etcd was put back
        servers = {cluster: proxy.url for cluster, proxy in proxies.items()}
        world = World(lab, admins, first, servers=servers)
        stack.push_async_callback(second.end)
        await stack.enter_async_context(at_work(world, CLUSTERS))
        yield Soak(world, proxies, second, folder)


async def _play(stage: Stage, faults: Faults) -> None:
    """All lanes at once, while the providers change every day's things."""
    changing = asyncio.create_task(stage.change())
    try:
        await asyncio.gather(*map(faults.play, stage.schedule.lanes))
    finally:
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)


@asynccontextmanager
async def _following(observers: list[Observer]) -> AsyncGenerator[None]:
    tasks = [asyncio.create_task(observer.run()) for observer in observers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
