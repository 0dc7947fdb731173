"""What a dead controller is missed for: ask all the while, kill it, start it again, compare."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from demo.ask import CURL
from demo.chain import NEW, OLD
from demo.shell import Shell
from demo.stage import Stage
from landbridge.api.discovery import SLICES
from landbridge.api.names import MANAGED_BY, MANAGER
from landbridge.kube.api import Api
from landbridge.kube.config import load

REQUESTS = 1000
"""At about 25 a second they outlast a dead controller's lease."""

LOOP = f"for i in $(seq {REQUESTS}); do {CURL} || echo failed; echo; sleep 0.02; done"

Imports = dict[str, str]


@dataclass(frozen=True)
class Crash:
    """What was seen: all answers, and the imports' resource versions by cluster, before and after."""

    answers: Counter[str]
    outlasted: bool
    """Whether requests were still being made when the new controller was ready."""
    before: dict[str, Imports]
    after: dict[str, Imports]


async def crash(stage: Stage, shell: Shell) -> Crash:
    """Kill the controller with SIGKILL while the client asks, and start it again; nothing is scaled meanwhile."""
    before = {name: await imports(shell, name) for name in (OLD, NEW)}
    asking = asyncio.create_task(
        shell.quiet(f"kubectl --context {OLD} exec -n customer-ns curl-client -- sh -c '{LOOP}'")
    )
    stage.controller.kill()
    await stage.controller.start(shell)
    outlasted = not asking.done()
    answers = Counter(line for line in (await asking).splitlines() if line)
    return Crash(answers, outlasted, before, {name: await imports(shell, name) for name in (OLD, NEW)})


async def imports(shell: Shell, cluster: str, namespace: str = "") -> Imports:
    """Resource versions of the imports in a cluster, or in one of its namespaces, by name."""
    async with Api(load(cluster, shell.kubeconfig)) as api:
        found = (await api.list(SLICES, namespace, selector=f"{MANAGED_BY}={MANAGER}")).items
    return {slice_.metadata.name: slice_.metadata.resource_version for slice_ in found}
