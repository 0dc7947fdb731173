"""The health check that `fleet init --argocd` installs, run by Argo CD itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from landbridge_lab.images.recipes import CURL_IMAGE

from demo.chain import NEW, OLD
from demo.shell import Shell
from tests.api.waiting import eventually
from tests.e2e.crash import Imports, imports
from tests.gitops.applications import HUB, application, applied, get, mcs, push, sync_of, until_health

CONFIG = Path(__file__).parents[2] / "deploy/argocd/argocd-cm.yaml"
FOLDER = "$GITOPS/manifests/directory/health"
COMMAND = "argocd admin settings resource-overrides health"


BARE = mcs("service1", "mcs-demo")


def with_status(ready: str, reason: str, *, conflict: str = "", generation: int = 2) -> dict[str, Any]:
    """A MultiClusterService of generation 2 with a status of the given one."""
    conditions = [{"type": "Ready", "status": ready, "reason": reason, "message": "as it is"}]
    if conflict:
        conditions.append({"type": "Conflict", "status": "True", "reason": conflict, "message": "it differs"})
    found = mcs("service1", "mcs-demo")
    found["metadata"]["generation"] = 2
    return found | {"status": {"observedGeneration": generation, "conditions": conditions}}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (BARE, "Progressing: Waiting for the Landbridge controller"),
        (with_status("True", "Synced", generation=1), "Progressing: Waiting for the Landbridge controller"),
        (BARE | {"status": {"observedGeneration": 2}}, "Progressing: Waiting for the Landbridge controller"),
        (with_status("True", "Synced"), "Healthy: as it is"),
        (with_status("True", "Synced", conflict="TrafficDistributionConflict"), "Healthy: as it is; it differs"),
        (with_status("Unknown", "Stale"), "Progressing: as it is"),
        (with_status("False", "Pending"), "Progressing: as it is"),
        (with_status("False", "NoService"), "Progressing: as it is"),
        (with_status("False", "NoNamespace"), "Progressing: as it is"),
        (with_status("False", "NoCluster"), "Progressing: as it is"),
        (with_status("False", "NoEndpoints"), "Progressing: as it is"),
        (with_status("False", "Forbidden"), "Degraded: as it is"),
        (with_status("False", "ReservedNamespace"), "Degraded: as it is"),
        (with_status("False", "ReservedService"), "Degraded: as it is"),
        (with_status("False", "NotExported"), "Degraded: as it is"),
        (with_status("False", "InvalidServiceType"), "Degraded: as it is"),
    ],
)
async def test_health_follows_the_status(bare_shell: Shell, tmp_path: Path, found: dict[str, Any], said: str) -> None:
    (tmp_path / "mcs.yaml").write_text(json.dumps(found))
    printed = await bare_shell.quiet(f"{COMMAND} {tmp_path}/mcs.yaml --argocd-cm-path {CONFIG} 2>/dev/null")
    status, message = (line.partition(": ")[2] for line in printed.splitlines())
    assert f"{status}: {message}" == said


async def test_multi_cluster_services_come_and_go_through_git(shell: Shell) -> None:
    """Progressing while the Service is missing, Healthy when it is there; pruned with all its imports."""
    await shell.quiet(f"mkdir -p {FOLDER} && touch {FOLDER}/.keep")
    await shell.quiet(f"cat >{FOLDER}/mcs.json <<'JSON'\n{json.dumps(mcs('web', 'health'))}\nJSON")
    await push(shell, "a Service that is nowhere yet")
    source = {"path": "manifests/directory/health"}
    async with applied(shell, application("health", HUB, "health", source, allowEmpty=True)):
        await eventually(lambda: reason(shell), lambda said: said == "NoNamespace", 60)
        await until_health(shell, "health", "Progressing")

        for cluster in (OLD, NEW):
            kubectl = f"kubectl --context {cluster}"
            await shell.quiet(f"{kubectl} create namespace health")
            await shell.quiet(f"{kubectl} create deployment web -n health --image={CURL_IMAGE} -- sleep 600")
            await shell.quiet(f"{kubectl} expose deployment web -n health --port=80")
        await until_health(shell, "health", "Healthy")
        await eventually(lambda: imports_of_web(shell), all, 60)
        assert sync_of(await get(shell, "health")) == "Synced"

        await shell.quiet(f"rm {FOLDER}/mcs.json")
        await push(shell, "not any more")
        await shell.quiet("kubectl --context fleet wait --for=delete mcs/web -n health --timeout=60s")
        assert not any(await imports_of_web(shell))
    for cluster in (OLD, NEW):
        await shell.quiet(f"kubectl --context {cluster} delete namespace health --wait=false")


async def reason(shell: Shell) -> str:
    """Why the MultiClusterService is, or is not, Ready; nothing while there is none."""
    path = "{.items[*].status.conditions[?(@.type=='Ready')].reason}"
    return await shell.quiet(f'kubectl --context fleet get mcs -n health -o jsonpath="{path}"')


async def imports_of_web(shell: Shell) -> list[Imports]:
    """For each member, what it imports of that Service."""
    return [await imports(shell, cluster, "health") for cluster in (OLD, NEW)]
