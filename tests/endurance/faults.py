"""Everything that is not in the data path goes away and comes back, one after the other."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from landbridge_lab import Lab
from landbridge_lab.paths import lab_dir
from landbridge_lab.processes import Processes

from demo.chain import NEW, OLD
from demo.shell import Shell
from demo.stage import Stage

HUB = "fleet"


@dataclass(frozen=True)
class Fault:
    """What goes away, for as long as the body runs."""

    name: str
    away: Callable[[], AbstractAsyncContextManager[None]]


def faults(stage: Stage, shell: Shell) -> list[Fault]:
    """All of them, in their order."""
    lab, controller = stage.lab, stage.controller
    servers = [
        Fault(f"{cluster}: API server {name}", partial(away, lab, cluster))
        for cluster in (HUB, OLD, NEW)
        for name, away in (("cut off", _cut), ("killed", _killed))
    ]

    @asynccontextmanager
    async def killed() -> AsyncGenerator[None]:
        controller.kill()
        yield
        await controller.start(shell)

    return [*servers, Fault("controller killed", killed)]


async def play(chosen: list[Fault], seconds: float, say: Callable[[str], None]) -> None:
    """Play them within that time: each is away for half of its share."""
    share = seconds / len(chosen)
    loop = asyncio.get_running_loop()
    end = loop.time()
    for fault in chosen:
        end += share
        say(fault.name)
        async with fault.away():
            await asyncio.sleep(share / 2)
        say(f"{fault.name}: back")
        await asyncio.sleep(max(0.0, end - loop.time()))


@asynccontextmanager
async def _cut(lab: Lab, cluster: str) -> AsyncGenerator[None]:
    await lab.clusters[cluster].cut(api=True)
    yield
    await lab.clusters[cluster].heal()


@asynccontextmanager
async def _killed(lab: Lab, cluster: str) -> AsyncGenerator[None]:
    part = f"{cluster}/kube-apiserver"
    found = [process for process in Processes(lab_dir(lab.spec.name).root).all() if process.part == part]
    if not found:
        raise LookupError(f"{part} does not run")
    for process in found:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    yield
    await lab.up()
