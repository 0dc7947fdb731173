"""What the real API server makes of the CRD."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from landbridge_lab import Lab

from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.kube.api import MERGE_PATCH, Api
from landbridge.kube.errors import ApiError

STRICT = {"fieldValidation": "Strict"}
TWO = [{"name": "oldcluster"}, {"name": "newcluster"}]
GOOD = {"providerClusters": TWO, "consumerClusters": TWO}


@pytest.fixture
async def mcs(hub: Api) -> AsyncGenerator[str]:
    """The collection; empty after the test."""
    path = MULTI_CLUSTER_SERVICES.path("default")
    yield path
    await hub.request("DELETE", path)


async def create(hub: Api, path: str, spec: Any, name: str = "service1") -> dict[str, Any]:
    body = {"apiVersion": MULTI_CLUSTER_SERVICES.api_version, "kind": "MultiClusterService", "metadata": {"name": name}}
    if spec is not None:
        body["spec"] = spec
    answer = await hub.request("POST", path, params=STRICT, body=msgspec.json.encode(body))
    created: dict[str, Any] = msgspec.json.decode(answer)
    return created


async def test_the_tutorials_spec_is_accepted_and_kept(hub: Api, mcs: str) -> None:
    assert (await create(hub, mcs, GOOD))["spec"] == GOOD


async def test_fields_of_karmada_are_accepted_under_strict_validation_and_kept(hub: Api, mcs: str) -> None:
    spec = GOOD | {"types": ["CrossCluster"], "ports": [{"name": "http", "port": 80}]}
    assert (await create(hub, mcs, spec))["spec"] == spec


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (None, "spec: Required value"),
        ({"providerClusters": TWO}, "spec.consumerClusters: Required value"),
        (GOOD | {"providerClusters": []}, "spec.providerClusters in body should have at least 1 items"),
        (GOOD | {"providerClusters": [{"name": "a"}] * 2}, 'spec.providerClusters[1]: Duplicate value: {"name":"a"}'),
        (GOOD | {"providerClusters": [{"name": "A"}]}, "spec.providerClusters[0].name in body should match"),
        (GOOD | {"consumerClusters": [{}]}, "spec.consumerClusters[0].name: Required value"),
        (GOOD | {"consumerClusters": ["oldcluster"]}, "must be of type object"),
        (GOOD | {"consumerClusters": [{"name": "a", "weight": 1}]}, 'unknown field "spec.consumerClusters[0].weight"'),
        (GOOD | {"consumerClusters": [{"name": f"c{n}"} for n in range(101)]}, "must have at most 100 items"),
    ],
    ids=lambda value: value.split()[0] if isinstance(value, str) else "",
)
async def test_a_wrong_spec_is_refused_with_a_clear_message(hub: Api, mcs: str, spec: Any, words: str) -> None:
    with pytest.raises(ApiError) as refusal:
        await create(hub, mcs, spec)
    assert refusal.value.status in (400, 422)
    assert words in str(refusal.value)


@pytest.mark.parametrize("name", ["service.1", "1service", "a" * 64])
async def test_a_name_that_no_service_has_is_refused(hub: Api, mcs: str, name: str) -> None:
    with pytest.raises(ApiError, match=r"metadata\.name must be the name of a Service"):
        await create(hub, mcs, GOOD, name)


async def test_kubectl_shows_what_was_observed(hub: Api, mcs: str, own_lab: Lab) -> None:
    await create(hub, mcs, GOOD)
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Synced",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
        "observedGeneration": 1,
    }
    status = {
        "providers": "oldcluster,newcluster",
        "consumers": "newcluster",
        "endpoints": 3,
        "conditions": [condition],
    }
    body = msgspec.json.encode({"status": status})
    await hub.request("PATCH", f"{mcs}/service1/status", body=body, content_type=MERGE_PATCH)
    head, row = (await kubectl(own_lab, "get", "mcs")).splitlines()
    assert head.split() == ["NAME", "PROVIDERS", "CONSUMERS", "ENDPOINTS", "READY", "AGE"]
    assert row.split()[:5] == ["service1", "oldcluster,newcluster", "newcluster", "3", "True"]


async def kubectl(own_lab: Lab, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        str((await own_lab.prepare()).binaries / "kubectl"),
        f"--kubeconfig={own_lab.kubeconfig}",
        "--context=fleet",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return out.decode()


async def test_its_short_name_is_known(hub: Api) -> None:
    resources = msgspec.json.decode(await hub.request("GET", f"/apis/{MULTI_CLUSTER_SERVICES.api_version}"))
    (found,) = [item for item in resources["resources"] if item["name"] == "multiclusterservices"]
    assert found["shortNames"] == ["mcs"]
