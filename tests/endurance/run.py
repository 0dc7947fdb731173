"""One run on a stage whose clusters are joined and whose controller works."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable

import msgspec

from demo.chain import NEW
from demo.shell import Shell
from demo.stage import Stage
from tests.endurance.faults import faults, play
from tests.endurance.report import Report, read_report
from tests.endurance.scene import CLIENT, NAMESPACE, Body, client_pod, manifests

READY = 60
GRACE = 60.0
"""Seconds for the client to end after its last request."""


async def endure(stage: Stage, shell: Shell, rate: float, seconds: float) -> Report:
    """Ask by the clock from a pod of the new cluster while the faults are played; gives what came of the requests.

    Raises:
        TimeoutError: The client did not come to its end.
    """
    for cluster, objects in manifests().items():
        await apply(shell, cluster, *objects)
    for cluster in manifests():
        kind = "mcs" if cluster == "fleet" else "deployment"
        condition = "Ready" if cluster == "fleet" else "Available"
        wait = f"wait -n {NAMESPACE} --for=condition={condition} {kind} --all --timeout={READY}s"
        await shell.run(f"kubectl --context {cluster} {wait}")
    return await asked(shell, rate, seconds, play(faults(stage, shell), seconds, stage.screen.output))


async def asked(shell: Shell, rate: float, seconds: float, meanwhile: Awaitable[None]) -> Report:
    """Ask the Services that `endure` made while something happens; gives what came of the requests.

    Raises:
        TimeoutError: The client did not come to its end.
    """
    await shell.quiet(f"kubectl --context {NEW} delete pod -n {NAMESPACE} {CLIENT} --ignore-not-found")
    await apply(shell, NEW, client_pod(rate, seconds))
    ready = f"wait -n {NAMESPACE} --for=condition=Ready pod/{CLIENT} --timeout={READY}s"
    await shell.run(f"kubectl --context {NEW} {ready}")
    await meanwhile
    return await _report(shell)


async def _report(shell: Shell) -> Report:
    report = Report()
    async with asyncio.timeout(GRACE):
        while not report.complete:
            await asyncio.sleep(1)
            log = await shell.quiet(f"kubectl --context {NEW} logs -n {NAMESPACE} {CLIENT}")
            report = read_report(log.splitlines())
    return report


async def apply(shell: Shell, cluster: str, *objects: Body) -> None:
    """``kubectl apply``."""
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    manifest = shlex.quote(msgspec.json.encode(listed).decode())
    await shell.quiet(f"kubectl --context {cluster} apply -f - <<<{manifest}")
