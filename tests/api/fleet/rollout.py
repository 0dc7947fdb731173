"""A real controller manager that rolls a Deployment, on a cluster whose one node has a kubelet in name only."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from landbridge.api.core import NODES, SERVICE_ACCOUNTS, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import CONTROL_PLANE_MANAGER, MANAGED_BY, SERVICE_NAME
from landbridge.enroll.manifests import apply, remove
from landbridge.kube.api import MERGE_PATCH, Api
from landbridge.kube.errors import ConflictError
from tests.api.waiting import eventually
from tests.silence import silent

Body = dict[str, Any]

NAME, NODE = "rolled", "rolled-node"
REPLICAS = 2
CONTROLLERS = ("deployment-controller", "replicaset-controller", "endpointslice-controller")
MANAGER_USER = "system:kube-controller-manager"


async def roll(api: Api, namespace: str) -> None:
    """Make a Service and a Deployment, roll that, and end both; the Service's slices always follow."""
    deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    selector = {"app": NAME}
    service = {"metadata": {"name": NAME}, "spec": {"selector": selector, "ports": [{"port": 80}]}}
    account = {"metadata": {"name": "default"}}
    with contextlib.suppress(ConflictError):
        await api.request("POST", SERVICE_ACCOUNTS.path(namespace), body=encode(account))
    await api.request("POST", NODES.path(), body=encode({"metadata": {"name": NODE}}))
    await api.request("POST", SERVICES.path(namespace), body=encode(service))
    async with kubelet(api, namespace):
        await api.request("POST", deployments, body=encode(deployment("1")))
        first = await eventually(lambda: ready(api, namespace), lambda found: len(found) == REPLICAS, 60)
        path = f"{deployments}/{NAME}"
        await api.request("PATCH", path, body=encode(deployment("2")), content_type=MERGE_PATCH)
        await eventually(lambda: ready(api, namespace), lambda found: len(found) == REPLICAS and not found & first, 60)
        await api.request("PATCH", path, body=encode({"spec": {"replicas": 0}}), content_type=MERGE_PATCH)
        await eventually(lambda: ready(api, namespace), lambda found: not found, 60)
    await api.request("DELETE", path)
    await api.delete(SERVICES, ObjectMeta(NAME, namespace))
    await api.delete(NODES, ObjectMeta(NODE))


@asynccontextmanager
async def controllers(api: Api, command: Sequence[str], log: Path, *, one_for_each: bool) -> AsyncGenerator[None]:
    """A second controller manager beside the cluster's own; one identity for all controllers has the rights of all."""
    rights = [] if one_for_each else [_binding(controller) for controller in CONTROLLERS]
    for manifest in rights:
        await apply(api, manifest)
    ours = ("--controllers=", "--use-service-account-credentials=")
    options = (f"{ours[0]}{','.join(CONTROLLERS)}", f"{ours[1]}{str(one_for_each).lower()}")
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *(word for word in command if not word.startswith(ours)), *options, stdout=file, stderr=file
        )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()
        print(log.read_text()[-4000:])  # shown where the test failed
        for manifest in rights:
            await remove(api, manifest, silent)


@asynccontextmanager
async def kubelet(api: Api, namespace: str) -> AsyncGenerator[None]:
    """Says of each pod that it runs, and lets go of each that is to end."""
    pods = f"/api/v1/namespaces/{namespace}/pods"

    async def work() -> None:
        addresses = itertools.count(1)
        while True:
            for pod in msgspec.json.decode(await api.request("GET", pods), type=Body)["items"]:
                await _attend(api, pods, pod, addresses)
            await asyncio.sleep(0.1)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def ready(api: Api, namespace: str) -> set[str]:
    """The ready addresses in the control plane's slices of the Service."""
    selector = f"{MANAGED_BY}={CONTROL_PLANE_MANAGER},{SERVICE_NAME}={NAME}"
    return {
        address
        for slice_ in (await api.list(SLICES, namespace, selector=selector)).items
        for endpoint in slice_.endpoints or ()
        for address in endpoint.addresses
        if endpoint.ready
    }


def deployment(version: str) -> Body:
    """One whose pods need no scheduler."""
    container = {"name": NAME, "image": "none", "env": [{"name": "VERSION", "value": version}]}
    labels = {"app": NAME}
    pod = {"nodeName": NODE, "automountServiceAccountToken": False, "containers": [container]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": REPLICAS, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": NAME}, "spec": spec}


def encode(body: Body) -> bytes:
    """A request's body."""
    return msgspec.json.encode(body)


async def _attend(api: Api, pods: str, pod: Body, addresses: Iterator[int]) -> None:
    path = f"{pods}/{pod['metadata']['name']}"
    if "deletionTimestamp" in pod["metadata"]:
        await api.request("DELETE", path, params={"gracePeriodSeconds": "0"})
    elif "podIP" not in pod["status"]:
        address = f"10.1.9.{next(addresses)}"
        condition = {"type": "Ready", "status": "True"}
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": [condition]}
        await api.request("PATCH", f"{path}/status", body=encode({"status": status}), content_type=MERGE_PATCH)


def _binding(controller: str) -> Body:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"test-{controller}"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": f"system:controller:{controller}"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": MANAGER_USER}],
    }
