"""The whole run: a lab of control planes, a fleet, the measures one after the other, and nothing left."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from landbridge_lab import ClusterSpec, Lab

from bench.churn import Churn, churn
from bench.cold import ColdStart, cold_start
from bench.propagation import Propagation, propagation
from bench.restart import Restart, restart
from bench.stage import MEMBERS
from tests.api.controller_process import ControllerProcess
from tests.api.world import CLUSTERS, World, at_work, seen_by_admins

Say = Callable[[str], None]


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    endpoints: tuple[int, ...] = (1, 10, 100)
    samples: int = 300
    churn_services: int = 100
    churn_rate: float = 100.0
    churn_seconds: float = 10.0
    cold_services: int = 300


@dataclass(frozen=True)
class Machine:
    """Where it ran."""

    cores: int = field(default_factory=lambda: os.cpu_count() or 0)
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])


@dataclass(frozen=True)
class Report:
    """What was measured."""

    machine: Machine
    propagation: tuple[Propagation, ...]
    churn: Churn
    cold_start: ColdStart
    restart: Restart


async def run(name: str, sizes: Sizes, say: Say) -> Report:
    """Bring the lab up, measure, and take it down whatever happened."""
    machine = Machine()
    say("three control planes come up")
    async with Lab(name, [ClusterSpec(cluster) for cluster in CLUSTERS], control_plane_only=True) as lab:
        with TemporaryDirectory(prefix="landbridge-bench-") as folder:
            controller = ControllerProcess(Path(folder, "kubeconfig"), Path(folder, "log"), options=())
            async with seen_by_admins(lab) as admins:
                world = World(lab, admins, controller, by_forwarder=False)
                async with at_work(world, MEMBERS):
                    return await _measure(world, machine, sizes, say)


async def _measure(world: World, machine: Machine, sizes: Sizes, say: Say) -> Report:
    single = []
    for endpoints in sizes.endpoints:
        say(f"propagation: {sizes.samples} changes of {endpoints} endpoints, one at a time")
        single.append(await propagation(world, endpoints, sizes.samples))
    say(f"churn: {sizes.churn_rate:g} changes a second over {sizes.churn_services} Services, {sizes.churn_seconds:g} s")
    many = await churn(world, sizes.churn_services, sizes.churn_rate, sizes.churn_seconds)
    say(f"cold start: {sizes.cold_services} Services in {len(MEMBERS)} clusters")
    cold = await cold_start(world, sizes.cold_services)
    say("restart")
    return Report(machine, tuple(single), many, cold, await restart(world))
