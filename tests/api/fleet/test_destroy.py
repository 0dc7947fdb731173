"""A hub of its own, whose namespace somebody deletes while a cluster and a MultiClusterService are there."""

from __future__ import annotations

import json
from pathlib import Path

from landbridge.api.meta import ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import FINALIZER
from landbridge.enroll.manifests import path
from landbridge.fleet import rbac
from landbridge.kube.api import Api
from tests.api.command import Command
from tests.api.fleet.hub import forget_account, forget_namespace
from tests.api.snapshot import difference, snapshot

HUB = ("--hub-context", "newcluster")
DROP = ("--drop-members", "--drop-services")


async def test_a_hub_whose_namespace_was_deleted_is_taken_away_s11(
    oldcluster: Api, newcluster: Api, landbridge: Command, tmp_path: Path
) -> None:
    before = await snapshot(newcluster)
    init = ("fleet", "init", "--context", "newcluster", "--controller-kubeconfig", str(tmp_path / "kubeconfig"))
    await landbridge.done(*init)
    await landbridge.done("fleet", "join", "oldcluster", "--context", "oldcluster", *HUB, "--pod-cidr", "10.1.0.0/16")
    mcs = {
        "apiVersion": "networking.one.alibabacloud.com/v1alpha1",
        "kind": "MultiClusterService",
        "metadata": {"name": "web", "namespace": "default", "finalizers": [FINALIZER]},
        "spec": {"providerClusters": [{"name": "oldcluster"}], "consumerClusters": [{"name": "newcluster"}]},
    }
    await newcluster.request("POST", MULTI_CLUSTER_SERVICES.path("default"), body=json.dumps(mcs).encode())
    await newcluster.request("DELETE", path(rbac.namespace()))
    await newcluster.delete(MULTI_CLUSTER_SERVICES, ObjectMeta("web", "default"))
    assert "landbridge fleet destroy" in (await landbridge(*init)).err
    refused = await landbridge("fleet", "destroy", *HUB)
    assert (refused.code, "refused (HasMembers)" in refused.err) == (3, True)
    outcome = await landbridge.done("fleet", "destroy", *HUB, *DROP, "-o", "json")
    assert outcome.json["members"] == ["oldcluster"]
    assert difference(before, await snapshot(newcluster)) == []
    await landbridge.done("fleet", "destroy", *HUB)
    await forget_account(oldcluster)
    await forget_namespace(oldcluster)
