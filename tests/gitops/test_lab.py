"""A lab with Argo CD that is brought up again: it is repaired, and keeps what came since."""

from __future__ import annotations

import os

from landbridge_lab import State
from landbridge_lab.paths import lab_dir
from landbridge_lab.processes import Processes

from demo.gitops import server
from demo.shell import Shell
from demo.stage import Stage
from tests.api.waiting import eventually
from tests.gitops.applications import push

HEAD = "git --git-dir=$(landbridge-lab repository --lab {}) log --format=%s -1"
HEALTH = "kubectl --context fleet get cm argocd-cm -n argocd -o yaml"


async def test_a_hub_that_ended_comes_back_with_argocd_its_settings_and_its_repository(
    stage: Stage, shell: Shell
) -> None:
    name = stage.lab.spec.name
    await shell.quiet("echo kept >$GITOPS/kept")
    await push(shell, "kept")
    os.kill(Processes(lab_dir(name).root).running()["fleet/machine-1"], 9)

    await stage.lab.up()
    await shell.quiet("kubectl config set-context fleet --namespace=argocd")  # the kubeconfig was written anew

    assert (await stage.lab.status()).state == State.UP
    assert (await shell.quiet(HEAD.format(name))).strip() == "kept"
    assert "MultiClusterService" in await shell.quiet(HEALTH)
    assert (await shell.quiet(server("oldcluster"))).startswith("https://10.")
    await eventually(lambda: shell.quiet("argocd --core cluster list"), lambda said: "newcluster" in said, 60)
