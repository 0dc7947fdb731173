"""Applications of Argo CD, as these tests make, read and wait for them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from demo.chain import NEW, OLD
from demo.gitops import WAIT, pushed, server
from demo.shell import Shell
from tests.api.waiting import eventually

Body = dict[str, Any]

REPOSITORY = "https://github.com/AliyunContainerService/gitops-demo.git"
HUB = "https://kubernetes.default.svc"

DEADLINE = 60.0
"""Seconds that Argo CD should not need, asking Git every five."""


async def address(shell: Shell, cluster: str) -> str:
    """The address that Argo CD has of a member."""
    return await shell.quiet(server(cluster))


def application(name: str, destination: str, namespace: str, source: Body, **policy: object) -> Body:
    """An Application that Argo CD syncs by itself, prunes and heals."""
    automated = {"prune": True, "selfHeal": True} | policy
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
        "spec": {
            "project": "default",
            "destination": {"server": destination, "namespace": namespace},
            "source": {"repoURL": REPOSITORY, "targetRevision": "main", **source},
            "syncPolicy": {"automated": automated, "syncOptions": ["CreateNamespace=true"]},
        },
    }


def mcs(name: str, namespace: str) -> Body:
    """A MultiClusterService for which both members provide and consume."""
    both = [{"name": OLD}, {"name": NEW}]
    return {
        "apiVersion": "networking.one.alibabacloud.com/v1alpha1",
        "kind": "MultiClusterService",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"providerClusters": both, "consumerClusters": both},
    }


def chart(service: str, cluster: str, **parameters: str) -> Body:
    """The tutorial's chart, with what its ApplicationSets pass."""
    values = {"envSvcName": service, "envCluster": cluster, **parameters}
    listed = [{"name": name, "value": value} for name, value in values.items()]
    return {"path": "manifests/helm/svc-demo", "helm": {"parameters": listed}}


async def apply(shell: Shell, context: str, *objects: Body) -> None:
    """Apply objects."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    await shell.quiet(f"kubectl --context {context} apply -f - <<'JSON'\n{text}\nJSON")


async def get(shell: Shell, name: str) -> Body:
    """An Application as it is now."""
    found: Body = json.loads(await shell.quiet(f"kubectl --context fleet get app -n argocd {name} -o json"))
    return found


async def all_of_them(shell: Shell) -> dict[str, tuple[str, str]]:
    """How every Application is now: synced, and healthy."""
    found: list[Body] = json.loads(await shell.quiet("kubectl --context fleet get app -n argocd -o json"))["items"]
    return {app["metadata"]["name"]: (sync_of(app), health_of(app)) for app in found}


def sync_of(app: Body) -> str:
    """Synced, OutOfSync or Unknown."""
    status: str = app.get("status", {}).get("sync", {}).get("status", "")
    return status


def health_of(app: Body) -> str:
    """Healthy, Progressing, ..."""
    status: str = app.get("status", {}).get("health", {}).get("status", "")
    return status


def syncs(app: Body) -> int:
    """How often Argo CD has synced it."""
    return len(app["status"].get("history", []))


async def compared(shell: Shell, name: str, times: int = 2) -> Body:
    """The Application after Argo CD has compared it with Git so many times more."""
    for _ in range(times):
        await _compared_since(shell, name, (await get(shell, name))["status"]["reconciledAt"])
    return await get(shell, name)


async def _compared_since(shell: Shell, name: str, last: str) -> None:
    await eventually(lambda: get(shell, name), lambda app: app["status"]["reconciledAt"] > last, DEADLINE)


async def push(shell: Shell, message: str) -> None:
    """Commit all that was changed in the clone, and push it."""
    await shell.quiet(pushed(message)[0])


async def push_nothing(shell: Shell) -> None:
    """Push a commit that changes nothing."""
    commit = 'git -C "$GITOPS" commit -q --allow-empty -m "nothing at all"'
    await shell.quiet(f'{commit} && git -C "$GITOPS" push -q')


async def until_at_head(shell: Shell, name: str) -> None:
    """Wait until Argo CD has compared an Application with the last commit."""
    head = (await shell.quiet('git -C "$GITOPS" rev-parse HEAD')).strip()
    await eventually(lambda: get(shell, name), lambda app: app["status"]["sync"].get("revision") == head, DEADLINE)


@asynccontextmanager
async def applied(shell: Shell, app: Body) -> AsyncGenerator[None]:
    """Have an Application for as long as the block runs, with all that it deploys."""
    await apply(shell, "fleet", app)
    try:
        yield
    finally:
        await shell.quiet(f"kubectl --context fleet delete app -n argocd {app['metadata']['name']}")


async def until_health(shell: Shell, name: str, status: str) -> None:
    """Wait for a health."""
    await shell.quiet(f"{WAIT} --for=jsonpath='{{.status.health.status}}'={status} app {name}")
