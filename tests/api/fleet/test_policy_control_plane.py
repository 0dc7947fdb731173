"""Under the admission policies a real controller manager rolls a Deployment, whatever identity it runs under."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from landbridge_lab import Cluster, Lab
from prometheus_client.parser import text_string_to_metric_families

from landbridge.api.core import NAMESPACES, NODES, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import CONTROL_PLANE_MANAGER, MANAGED_BY
from landbridge.enroll.manifests import apply, remove
from landbridge.fleet import policy
from landbridge.fleet.policy import TENANT_POLICY, Limits
from landbridge.kube.api import MERGE_PATCH, Api
from tests.api.waiting import eventually
from tests.silence import silent

Body = dict[str, Any]

NAMESPACE, NODE = "rolled", "rolled-node"
CONTROLLERS = ("deployment-controller", "replicaset-controller", "endpointslice-controller")
MANAGER_USER = "system:kube-controller-manager"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
REPLICAS = 2


@pytest.fixture(scope="module")
async def guarded(oldcluster: Api) -> AsyncGenerator[Api]:
    """A cluster with the policies, and a namespace with a Service; its one node has no kubelet."""
    for manifest in policy.manifests(Limits()):
        await apply(oldcluster, manifest)
    await oldcluster.request("POST", NAMESPACES.path(), body=encode({"metadata": {"name": NAMESPACE}}))
    await oldcluster.request("POST", NODES.path(), body=encode({"metadata": {"name": NODE}}))
    account = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
    await oldcluster.request("POST", account, body=encode({"metadata": {"name": "default"}}))
    service = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}
    await oldcluster.request("POST", SERVICES.path(NAMESPACE), body=encode(service))
    yield oldcluster
    await oldcluster.delete(NODES, ObjectMeta(NODE))
    await oldcluster.delete(NAMESPACES, ObjectMeta(NAMESPACE))
    for manifest in policy.manifests(Limits()):
        await remove(oldcluster, manifest, silent)


@pytest.mark.parametrize("identities", ["one for all controllers", "one for each"])
async def test_s9_the_control_plane_rolls_a_deployment_undisturbed(
    guarded: Api, own_lab: Lab, tmp_path: Path, identities: str
) -> None:
    each = identities == "one for each"
    before = await checks(guarded, "deny")
    seen = await checks(guarded, "allow")
    async with controllers(guarded, own_lab.clusters["oldcluster"], tmp_path / "log", each=each), kubelet(guarded):
        await guarded.request("POST", DEPLOYMENTS, body=encode(deployment("1")))
        first = await eventually(lambda: ready(guarded), lambda found: len(found) == REPLICAS, 60)
        await guarded.request("PATCH", f"{DEPLOYMENTS}/web", body=encode(deployment("2")), content_type=MERGE_PATCH)
        await eventually(lambda: ready(guarded), lambda found: len(found) == REPLICAS and not found & first, 60)
        await guarded.request("DELETE", f"{DEPLOYMENTS}/web", params={"propagationPolicy": "Background"})
        await eventually(lambda: ready(guarded), lambda found: not found, 60)
    assert await checks(guarded, "deny") == before
    assert await checks(guarded, "allow") > seen


@asynccontextmanager
async def controllers(api: Api, cluster: Cluster, log: Path, *, each: bool) -> AsyncGenerator[None]:
    """A controller manager with the controllers of a rollout; where it has one identity, that has all their rights."""
    rights = [] if each else [binding(controller) for controller in CONTROLLERS]
    for manifest in rights:
        await apply(api, manifest)
    plain = [
        word
        for word in cluster.control_plane.controller_manager()
        if not word.startswith(("--controllers=", "--use-service-account-credentials="))
    ]
    options = [f"--controllers={','.join(CONTROLLERS)}", f"--use-service-account-credentials={str(each).lower()}"]
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(*plain, *options, stdout=file, stderr=file)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()
        print(log.read_text()[-4000:])  # shown where the test failed
        for manifest in rights:
            await remove(api, manifest, silent)


def binding(controller: str) -> Body:
    group, role = "rbac.authorization.k8s.io", f"system:controller:{controller}"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"test-{controller}"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": group, "kind": "User", "name": MANAGER_USER}],
    }


@asynccontextmanager
async def kubelet(api: Api) -> AsyncGenerator[None]:
    """Says of each pod that it runs, and lets go of each that is to end."""

    async def work() -> None:
        addresses: Iterator[int] = itertools.count(1)
        while True:
            for pod in (await get(api, PODS))["items"]:
                await attend(api, pod, addresses)
            await asyncio.sleep(0.1)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def attend(api: Api, pod: Body, addresses: Iterator[int]) -> None:
    path = f"{PODS}/{pod['metadata']['name']}"
    if "deletionTimestamp" in pod["metadata"]:
        await api.request("DELETE", path, params={"gracePeriodSeconds": "0"})
    elif "podIP" not in pod["status"]:
        address = f"10.1.9.{next(addresses)}"
        condition = {"type": "Ready", "status": "True"}
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": [condition]}
        await api.request("PATCH", f"{path}/status", body=encode({"status": status}), content_type=MERGE_PATCH)


def deployment(version: str) -> Body:
    container = {"name": "web", "image": "none", "env": [{"name": "VERSION", "value": version}]}
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"nodeName": NODE, "automountServiceAccountToken": False, "containers": [container]},
    }
    selector = {"matchLabels": {"app": "web"}}
    spec = {"replicas": REPLICAS, "selector": selector, "template": template}
    return {"metadata": {"name": "web"}, "spec": spec}


async def ready(api: Api) -> set[str]:
    """The ready addresses in the slices of the control plane."""
    found = (await api.list(SLICES, NAMESPACE, selector=f"{MANAGED_BY}={CONTROL_PLANE_MANAGER}")).items
    return {
        address
        for slice_ in found
        for endpoint in slice_.endpoints or ()
        for address in endpoint.addresses
        if endpoint.ready
    }


async def checks(api: Api, outcome: str) -> float:
    """How often the tenants' policy let a write pass (`allow`) or refused one (`deny`)."""
    text = (await api.request("GET", "/metrics")).decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        if family.name == "apiserver_validating_admission_policy_check"
        for sample in family.samples
        if sample.name.endswith("_total")
        and (sample.labels["policy"], sample.labels["enforcement_action"]) == (TENANT_POLICY, outcome)
    )


async def get(api: Api, path: str) -> Body:
    return msgspec.json.decode(await api.request("GET", path), type=Body)


def encode(body: Body) -> bytes:
    return msgspec.json.encode(body)
