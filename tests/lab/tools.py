"""kubectl, the command `landbridge-lab`, and what a machine looks like from outside a lab."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landbridge_lab import Lab
from landbridge_lab.commands import run
from landbridge_lab.errors import LabError
from landbridge_lab.nodes.sysctls import CHANGED_BY_KUBELET
from landbridge_lab.paths import lab_dir
from landbridge_lab.processes import Processes
from landbridge_lab.waiting import until


@dataclass(frozen=True)
class Kubectl:
    """Runs kubectl on a cluster of a lab."""

    program: Path

    async def __call__(self, lab: Lab, cluster: str, *words: str, stdin: str = "") -> str:
        """What kubectl prints; raises LabError when it fails."""
        return await run([self.program, "--kubeconfig", lab.kubeconfig, "--context", cluster, *words], stdin=stdin)

    async def fails(self, lab: Lab, cluster: str, *words: str) -> str:
        """What kubectl says when it fails, as it must."""
        try:
            await self(lab, cluster, *words)
        except LabError as error:
            return error.why
        raise AssertionError(f"kubectl {' '.join(words)} did not fail")


@dataclass(frozen=True)
class Machine:
    """What of this machine a lab must not change: its links, addresses, routes, mounts, settings, cgroups."""

    network: tuple[str, ...]
    mounts: tuple[str, ...]
    settings: tuple[str, ...]
    cgroups: tuple[str, ...]

    @classmethod
    async def look(cls, name: str) -> "Machine":
        """The machine now; of the cgroups, those that carry the lab's name."""
        network = [await run(["ip", "-brief", *what]) for what in (["link"], ["address"])]
        routes = [await run(["ip", *what]) for what in (["route"], ["rule"])]
        mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if name in line]
        settings = [(Path("/proc/sys") / setting).read_text() for setting in CHANGED_BY_KUBELET]
        cgroups = Path("/sys/fs/cgroup").glob(f"**/landbridge-lab-{name}-*")
        return cls((*network, *routes), tuple(mounts), tuple(settings), tuple(map(str, cgroups)))


def processes_of(lab: Lab) -> Processes:
    """The processes of a lab."""
    return Processes(lab_dir(lab.spec.name).root)


async def killed_up(lab: Lab, options: Sequence[str], moment: str, stands_still: str = "") -> None:
    """Start `landbridge-lab up` and kill it, and it alone, as soon as the part `moment` runs.

    `stands_still`: a part that is stopped meanwhile, so that `up` has no end where `moment` is among the last things.
    """
    command = [sys.executable, "-c", "from landbridge_lab.cli import main; main()", "up", "--lab", lab.spec.name]
    up = await asyncio.create_subprocess_exec(*command, *options, stderr=asyncio.subprocess.DEVNULL)

    async def reached() -> bool:
        running = processes_of(lab).running()
        if stands_still in running:
            os.kill(running[stands_still], signal.SIGSTOP)
        return moment in running

    try:
        await until(moment, reached, every=0.005)
    finally:
        os.kill(up.pid, 9)
        await up.wait()
