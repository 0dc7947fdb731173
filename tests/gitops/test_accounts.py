"""The accounts of Argo CD and of Landbridge in a member: each is taken away by who made it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from demo.chain import NEW
from demo.shell import CommandFailedError, Shell
from demo.stage import Stage
from tests.api.snapshot import difference
from tests.api.waiting import eventually
from tests.gitops.conftest import Before, argocd_holds, everything

LEAVE = f"landbridge fleet leave {NEW} --hub-context fleet"
JOIN = f"landbridge fleet join {NEW} --hub-context fleet"
BY_ARGOCD = "secrets/argocd/argocd-initial-admin-secret"
"""Argo CD's own: its command line makes it, in core mode."""


async def cluster_secrets(shell: Shell) -> list[str]:
    """Names of Argo CD's cluster Secrets."""
    listed = "kubectl --context fleet get secret -n argocd -l argocd.argoproj.io/secret-type=cluster -o name"
    return [line.removeprefix("secret/") for line in (await shell.quiet(listed)).split()]


@pytest.fixture(scope="module")
async def left(shell: Shell, stage: Stage) -> AsyncGenerator[Shell]:
    """A cluster that was joined to Argo CD has left; it is joined again after these tests."""
    await shell.run(f"{LEAVE} --context {NEW}")
    yield shell
    server = f"$(landbridge-lab server {NEW} --lab {stage.lab.spec.name})"
    await shell.run(f"{JOIN} --context {NEW} --argocd --argocd-server {server}")


async def test_leave_leaves_nothing_in_the_member_and_nothing_in_argocd(left: Shell, before: Before) -> None:
    """Rule S11: what join made, for Argo CD too, is gone."""
    others = {"secrets/argocd/cluster-oldcluster", BY_ARGOCD}
    assert await argocd_holds(left) - others == before.argocd
    await eventually(lambda: everything(left, NEW), lambda now: not difference(before.member, now), 30)


PERSON = "kubectl --context newcluster create token person -n kube-system"
AS_PERSON = (
    f'kubectl config set-credentials person --token="$({PERSON})" && kubectl config set-context {NEW} --user=person'
)


@pytest.fixture(scope="module")
async def person(left: Shell) -> None:
    """A service account with all rights in newcluster, whose token may stand in a kubeconfig."""
    create = f"kubectl --context {NEW} create"
    await left.quiet(f"{create} serviceaccount person -n kube-system")
    await left.quiet(
        f"{create} clusterrolebinding person --clusterrole=cluster-admin --serviceaccount=kube-system:person"
    )


@pytest.fixture
async def by_hand(left: Shell, person: None, tmp_path: Path) -> AsyncGenerator[Shell]:
    """A person's own kubeconfig, to change at will; whatever Argo CD learned from it is forgotten afterwards."""
    own = tmp_path / "kubeconfig"
    own.write_bytes(left.kubeconfig.read_bytes())
    known = set(await cluster_secrets(left))
    yield Shell(left.screen, left.folder, left.programs, own, left.variables)
    for name in set(await cluster_secrets(left)) - known:
        await left.quiet(f"kubectl --context fleet delete secret -n argocd {name}")


async def added(shell: Shell, *options: str) -> str:
    """Have the real `argocd cluster add` make a Secret; its name."""
    known = set(await cluster_secrets(shell))
    await shell.run(f"argocd --core cluster add {NEW} -y {' '.join(options)}")
    (name,) = set(await cluster_secrets(shell)) - known
    return name


@pytest.mark.parametrize("credentials", ["client certificate", "token"])
async def test_a_cluster_that_argocd_cluster_add_made_joins_and_leaves_without_a_kubeconfig(
    by_hand: Shell, credentials: str
) -> None:
    if credentials == "token":
        await by_hand.quiet(AS_PERSON)
    secret = await added(by_hand)
    said = await by_hand.quiet(f"kubectl --context fleet get secret -n argocd {secret} -ojsonpath={{.data.config}}")
    kept = json.loads(await by_hand.quiet(f"echo {said} | base64 -d"))
    assert ("bearerToken" in kept) == (credentials == "token")
    await by_hand.quiet(f"kubectl config delete-context {NEW}")

    await by_hand.run(f"{JOIN} --from-argocd {secret}")

    rows = json.loads(await by_hand.quiet("landbridge fleet list --hub-context fleet -o json"))
    assert {row["name"]: row["state"] for row in rows}[NEW] == "Ready"
    await by_hand.run(f"{LEAVE} --from-argocd {secret}")
    assert secret in await cluster_secrets(by_hand)


async def test_a_cluster_whose_certificate_argocd_does_not_check_is_refused(by_hand: Shell) -> None:
    await by_hand.quiet(f"kubectl config unset clusters.{NEW}.certificate-authority-data")
    await by_hand.quiet(f"kubectl config set-cluster {NEW} --insecure-skip-tls-verify=true")
    await refused(by_hand, await added(by_hand), "Insecure")


async def test_a_cluster_for_which_argocd_runs_a_command_is_refused(by_hand: Shell, tmp_path: Path) -> None:
    """Nor is the command run: it would leave a file."""
    token = await by_hand.quiet(PERSON)
    answer = {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential"}
    plugin, ran = tmp_path / "plugin", tmp_path / "ran"
    plugin.write_text(f"#!/bin/sh\ntouch {ran}\necho '{json.dumps(answer | {'status': {'token': token.strip()}})}'\n")
    plugin.chmod(0o755)
    await by_hand.quiet(AS_PERSON)
    options = (f"--exec-command {plugin}", "--exec-command-api-version client.authentication.k8s.io/v1beta1")
    secret = await added(by_hand, *options)
    ran.unlink(missing_ok=True)

    await refused(by_hand, secret, "ExecPlugin")

    assert not ran.exists()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"tlsClientConfig": {"certFile": "/tls/client.crt", "keyFile": "/tls/client.key"}}, "FilePath"),
        ({"username": "admin", "password": "guess"}, "BasicAuth"),
        ({"bearerToken": "a.b.c", "impersonate": "admin"}, "Unsupported"),
        ({}, "Missing"),
    ],
)
async def test_other_bad_secrets_are_refused(by_hand: Shell, config: dict[str, object], reason: str) -> None:
    """What `argocd cluster add` does not write; other tools do."""
    data = {"name": NEW, "server": "https://127.0.0.1:1", "config": json.dumps(config)}
    labels = {"argocd.argoproj.io/secret-type": "cluster"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bad", "labels": labels}, "stringData": data}
    await by_hand.quiet(f"kubectl --context fleet create -n argocd -f - <<'JSON'\n{json.dumps(secret)}\nJSON")
    await refused(by_hand, "bad", reason)


async def refused(shell: Shell, secret: str, reason: str) -> None:
    """The join ends with 3, and tells the reason."""
    with pytest.raises(CommandFailedError) as failure:
        await shell.run(f"{JOIN} --from-argocd {secret} --pod-cidr 10.9.0.0/16")
    assert re.search(rf"ended with 3: landbridge: refused \({reason}\)", str(failure.value))
