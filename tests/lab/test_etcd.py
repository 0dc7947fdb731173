"""A real etcd, put back and compacted under a real API server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from landbridge_lab import ClusterSpec, Lab, State

from landbridge.api.core import NAMESPACES
from landbridge.api.meta import Object, ObjectMeta
from landbridge.kube.api import Api
from landbridge.kube.config import load


@pytest.fixture(scope="module")
async def lab() -> AsyncIterator[Lab]:
    async with Lab(f"etcd{os.getpid()}", [ClusterSpec("one")], control_plane_only=True) as lab:
        yield lab


async def namespaces(lab: Lab) -> tuple[set[str], int]:
    """Their names, and the revision."""
    config = replace(load("one", lab.kubeconfig), server=lab.clusters["one"].direct_server)
    async with Api(config) as api:
        found = await api.list(NAMESPACES)
    return {item.metadata.name for item in found.items}, int(found.metadata.resource_version)


async def make(lab: Lab, name: str) -> None:
    async with Api(load("one", lab.kubeconfig)) as api:
        await api.create(NAMESPACES, Object(ObjectMeta(name)))


async def test_a_restored_cluster_is_what_it_was_revisions_included(lab: Lab) -> None:
    await make(lab, "before")
    _, then = await namespaces(lab)  # before the snapshot: the control plane writes, too, at any time
    await lab.snapshot("one")
    for number in range(20):
        await make(lab, f"after-{number}")
    _, later = await namespaces(lab)
    await lab.restore("one")
    names, now = await namespaces(lab)
    assert "before" in names
    assert not {name for name in names if name.startswith("after-")}
    assert then <= now < later
    assert (await lab.status()).state == State.UP
    await make(lab, "again")


async def test_etcd_and_api_server_come_back_with_what_they_had(lab: Lab) -> None:
    await make(lab, "kept")
    for parts in (["kube-apiserver"], ["etcd"], ["etcd", "kube-apiserver"]):
        await lab.restart("one", *parts)
        assert "kept" in (await namespaces(lab))[0]


async def test_a_compacted_etcd_serves_on(lab: Lab) -> None:
    await make(lab, "compacted")
    assert await lab.compact("one") > 0
    await lab.restart("one", "kube-apiserver")
    assert "compacted" in (await namespaces(lab))[0]
