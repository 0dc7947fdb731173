"""A lab with Argo CD that is brought up again: it is repaired, and keeps what came since."""

from __future__ import annotations

import os

from landbridge_lab import State
from landbridge_lab.paths import lab_dir
from landbridge_lab.processes import Processes

from demo.gitops import OLD_APPS
from demo.shell import Shell
from demo.stage import Stage
from demo.walk import Result
from tests.gitops.applications import get, push_nothing, sync_of, until_at_head

HEALTH = "kubectl --context fleet get cm argocd-cm -n argocd -o yaml"


async def test_a_hub_that_ended_comes_back_with_argocd_its_settings_and_its_repository(
    stage: Stage, shell: Shell, walked: list[Result]
) -> None:
    """Argo CD goes on where it was: it compares its Applications with the next commit."""
    os.kill(Processes(lab_dir(stage.lab.spec.name).root).running()["fleet/machine-1"], 9)

    await stage.lab.up()
    await shell.quiet("kubectl config set-context fleet --namespace=argocd")  # the kubeconfig was written anew

    assert (await stage.lab.status()).state == State.UP
    assert "MultiClusterService" in await shell.quiet(HEALTH)
    await push_nothing(shell)
    for name in ("multiclusterservices", *OLD_APPS):
        await until_at_head(shell, name)
        assert sync_of(await get(shell, name)) == "Synced"
