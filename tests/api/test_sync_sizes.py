"""What a tenant may make of one namespace, however large or deep, hides nothing of the others (S15)."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from landbridge.api.core import SERVICES
from landbridge.api.kind import Kind
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from tests.api.scene import Body, Scene, mcs_spec
from tests.api.world import HUB, NEW, OLD

LARGE = {"annotations": {"note": "x" * 250_000}}
LARGE_ONES = 140
"""Together more than one answer may have."""

DEEP = b"[" * 3_000 + b"]" * 3_000

DEEP_ONES = 8
"""Of ten times as many the API server itself is so busy that it answers nobody in time."""

NOBODYS = mcs_spec(["nowhere"], ["nowhere-else"])
HEADLESS = {"clusterIP": "None", "ports": [{"port": 80}]}


@pytest.mark.parametrize(
    ("cluster", "kind", "spec"), [(OLD, SERVICES, HEADLESS), (HUB, MULTI_CLUSTER_SERVICES, NOBODYS)]
)
async def test_many_large_objects_hide_nothing_s15(scene: Scene, cluster: str, kind: Kind[Any], spec: Body) -> None:
    names = [f"large-{n}" for n in range(LARGE_ONES)]
    await _sync(scene)
    for name in names:
        await scene.create(cluster, kind, {"metadata": LARGE | {"name": name}, "spec": spec})
    try:
        await _sync_after_a_restart(scene)
    finally:
        await _remove(scene, cluster, kind, names)


async def test_many_deep_multi_cluster_services_hide_nothing_s15(scene: Scene) -> None:
    """The CRD keeps fields of other tools, and the API server takes 10,000 levels."""
    kind, names = MULTI_CLUSTER_SERVICES, [f"deep-{n}" for n in range(DEEP_ONES)]
    await _sync(scene)
    for name in names:
        head = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}, "spec": NOBODYS}
        body = msgspec.json.encode(head).removesuffix(b"}}") + b',"more":' + DEEP + b"}}"
        await scene.world.hub.request("POST", kind.path(scene.namespace), body=body)
    try:
        await _sync_after_a_restart(scene)
    finally:
        await _remove(scene, HUB, kind, names)


async def _sync(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    await scene.put_slice(OLD, scene.pod(OLD, 1))
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, scene.pod(OLD, 1))


async def _sync_after_a_restart(scene: Scene) -> None:
    """It lists everything anew, which a watch does only now and then."""
    await scene.world.controller.end()
    await scene.world.controller.start()
    await scene.put_slice(OLD, scene.pod(OLD, 2))
    await scene.arrives(NEW, scene.pod(OLD, 2))
    await scene.shows(NEW, "Synced", importedReady=1, message="")


async def _remove(scene: Scene, cluster: str, kind: Kind[Any], names: list[str]) -> None:
    admin = scene.world.admins[cluster]
    await asyncio.gather(*(admin.request("DELETE", kind.path(scene.namespace, name)) for name in names))
