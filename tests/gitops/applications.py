"""Applications of Argo CD, as these tests make, read and wait for them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from demo.chain import NEW, OLD
from demo.gitops import WAIT, pushed, server
from demo.shell import Shell
from landbridge.kube.api import MERGE_PATCH, Api
from landbridge.kube.config import load
from tests.api.waiting import eventually

Body = dict[str, Any]

REPOSITORY = "https://github.com/AliyunContainerService/gitops-demo.git"
HUB = "https://kubernetes.default.svc"

APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
REFRESH = "argocd.argoproj.io/refresh"
"""Annotation by which Argo CD compares at once, also with what is new in Git, and which it takes off when it has."""

DEADLINE = 60.0
"""Seconds that Argo CD should not need, asking Git every five."""

LOOK = 0.1
"""Seconds from one look to the next: looks cost CPU that Argo CD could use."""


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


async def read(shell: Shell, cluster: str, path: str) -> Body:
    """What a cluster's API server says: asked by ourselves, since a kubectl for each look takes ten times the CPU."""
    async with Api(load(cluster, shell.kubeconfig)) as api:
        found: Body = json.loads(await api.request("GET", path))
    return found


async def get(shell: Shell, name: str) -> Body:
    """An Application as it is now."""
    return await read(shell, "fleet", f"{APPLICATIONS}/{name}")


async def all_of_them(shell: Shell) -> dict[str, tuple[str, str]]:
    """How every Application is now that is to stay: synced, and healthy."""
    found: list[Body] = (await read(shell, "fleet", APPLICATIONS))["items"]
    stay = (app for app in found if "deletionTimestamp" not in app["metadata"])
    return {app["metadata"]["name"]: (sync_of(app), health_of(app)) for app in stay}


async def patch(shell: Shell, name: str, change: Body) -> None:
    """Change an Application."""
    async with Api(load("fleet", shell.kubeconfig)) as api:
        body = json.dumps(change).encode()
        await api.request("PATCH", f"{APPLICATIONS}/{name}", body=body, content_type=MERGE_PATCH)


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
    """The Application after Argo CD has compared it with Git so many times more, because we ask for it."""
    for _ in range(times):
        await patch(shell, name, {"metadata": {"annotations": {REFRESH: "normal"}}})
        app = await until(shell, name, lambda app: REFRESH not in app["metadata"].get("annotations", {}))
    return app


async def until(shell: Shell, name: str, accepts: Callable[[Body], object]) -> Body:
    """Look at an Application until it is as it should be."""
    return await eventually(lambda: get(shell, name), accepts, DEADLINE, LOOK)


async def sync(shell: Shell, name: str, *, prune: bool = False) -> None:
    """Have Argo CD sync an Application, as `argocd app sync` does it, and wait for its end."""
    app = await get(shell, name)
    before = app["status"].get("operationState", {})
    options = app["spec"]["syncPolicy"].get("syncOptions", [])
    await patch(shell, name, {"operation": {"sync": {"prune": prune, "syncOptions": options}}})
    app = await until(shell, name, lambda app: _ended_since(before, app))
    assert app["status"]["operationState"]["phase"] == "Succeeded", app["status"]["operationState"]


def _ended_since(before: Body, app: Body) -> bool:
    now: Body = app["status"].get("operationState", {})
    return "operation" not in app and now != before and "finishedAt" in now


async def push(shell: Shell, message: str) -> None:
    """Commit all that was changed in the clone, and push it."""
    await shell.quiet(pushed(message)[0])


async def push_nothing(shell: Shell) -> None:
    """Push a commit that changes nothing."""
    commit = 'git -C "$GITOPS" commit -q --allow-empty -m "nothing at all"'
    await shell.quiet(f'{commit} && git -C "$GITOPS" push -q')


async def until_at_head(shell: Shell, name: str) -> None:
    """Have Argo CD compare an Application with the last commit."""
    head = (await shell.quiet('git -C "$GITOPS" rev-parse HEAD')).strip()
    assert (await compared(shell, name, 1))["status"]["sync"].get("revision") == head


@asynccontextmanager
async def applied(shell: Shell, *apps: Body) -> AsyncGenerator[None]:
    """Have Applications for as long as the block runs; with all that they deploy, they go in their own time."""
    await apply(shell, "fleet", *apps)
    names = " ".join(app["metadata"]["name"] for app in apps)
    try:
        yield
    finally:
        await shell.quiet(f"kubectl --context fleet delete app -n argocd {names} --wait=false")


async def until_health(shell: Shell, name: str, status: str) -> None:
    """Wait for a health."""
    await shell.quiet(f"{WAIT} --for=jsonpath='{{.status.health.status}}'={status} app {name}")
