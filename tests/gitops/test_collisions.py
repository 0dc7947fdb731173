"""Imports beside Applications that prune and heal: neither disturbs the other, whatever Argo CD tracks by.

Argo CD's default exclusion of EndpointSlices is taken away, and orphaned resources are watched for: it sees them all.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from demo.chain import NEW, OLD
from demo.shell import Shell
from tests.api.waiting import eventually
from tests.e2e.crash import Imports, imports
from tests.gitops.applications import (
    DEADLINE,
    LOOK,
    Body,
    address,
    application,
    apply,
    chart,
    compared,
    get,
    health_of,
    mcs,
    read,
    sync,
    sync_of,
    syncs,
)

MEMBERS = (OLD, NEW)
LABEL, ANNOTATION = "app.kubernetes.io/instance", "argocd.argoproj.io/tracking-id"
METHODS = {"label": {LABEL}, "annotation": {ANNOTATION}, "annotation+label": {LABEL, ANNOTATION}}
"""What Argo CD puts on the objects that it manages, by tracking method."""

SETTINGS = "kubectl --context fleet patch cm argocd-cm -n argocd --type merge -p"
PROJECT = "kubectl --context fleet patch appproject default -n argocd --type merge -p"
WATCH = json.dumps({"spec": {"orphanedResources": {"warn": True, "ignore": None}}})
IGNORE = json.dumps(
    {"spec": {"orphanedResources": {"ignore": [{"group": "discovery.k8s.io", "kind": "EndpointSlice"}]}}}
)


@pytest.fixture(scope="module", autouse=True)
async def nothing_excluded(shell: Shell) -> AsyncGenerator[None]:
    """Take the default exclusion away and have orphans listed; put both back afterwards."""
    found = json.loads(await shell.quiet("kubectl --context fleet get cm argocd-cm -n argocd -o json"))
    exclusions = found["data"]["resource.exclusions"]
    assert "EndpointSlice" in exclusions
    await shell.quiet(f"{SETTINGS} '{json.dumps({'data': {'resource.exclusions': ''}})}'")
    await shell.quiet(f"{PROJECT} '{WATCH}'")
    yield
    await shell.quiet(f"""{PROJECT} '{{"spec": {{"orphanedResources": null}}}}'""")
    restored = {"data": {"resource.exclusions": exclusions, "application.resourceTrackingMethod": None}}
    await shell.quiet(f"{SETTINGS} '{json.dumps(restored)}'")


@dataclass(frozen=True)
class Scene:
    """A namespace where an Application for each member has the Service, and both import from each other."""

    shell: Shell
    method: str
    namespace: str

    def app(self, cluster: str) -> str:
        return f"{self.namespace}-{cluster}"

    async def apps(self) -> list[Body]:
        return [await get(self.shell, self.app(cluster)) for cluster in MEMBERS]

    async def imports(self, cluster: str) -> Imports:
        """Resource versions of what it imports here, by name."""
        return await imports(self.shell, cluster, self.namespace)

    async def held(self) -> list[Imports]:
        """The same of both members."""
        return [await self.imports(cluster) for cluster in MEMBERS]


@pytest.fixture(scope="module", params=METHODS)
async def scene(request: pytest.FixtureRequest, shell: Shell, nothing_excluded: None) -> AsyncGenerator[Scene]:
    """One scene for each tracking method."""
    method: str = request.param
    scene = Scene(shell, method, "collide-" + method.replace("+", "-"))
    await shell.quiet(f"{SETTINGS} '{json.dumps({'data': {'application.resourceTrackingMethod': method}})}'")
    apps = [
        application(scene.app(cluster), await address(shell, cluster), scene.namespace, chart("service1", cluster))
        for cluster in MEMBERS
    ]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": scene.namespace}}
    await apply(shell, "fleet", namespace, mcs("service1", scene.namespace), *apps)
    await eventually(scene.apps, all_right, DEADLINE, LOOK)
    await eventually(scene.held, all, DEADLINE, LOOK)
    yield scene
    await shell.quiet(f"kubectl --context fleet delete mcs service1 -n {scene.namespace}")
    await shell.quiet(f"kubectl --context fleet delete app -n argocd {scene.app(OLD)} {scene.app(NEW)} --wait=false")


def all_right(apps: list[Body]) -> bool:
    return all((sync_of(app), health_of(app)) == ("Synced", "Healthy") for app in apps)


async def slices(scene: Scene, cluster: str) -> dict[str, Body]:
    """Metadata of all slices in the scene's namespace, by name."""
    path = f"/apis/discovery.k8s.io/v1/namespaces/{scene.namespace}/endpointslices"
    found = await read(scene.shell, cluster, path)
    return {item["metadata"]["name"]: item["metadata"] for item in found["items"]}


async def tree(scene: Scene, cluster: str) -> str:
    """The Application's objects, and theirs, as Argo CD shows them."""
    return await scene.shell.quiet(f"argocd --core app get {scene.app(cluster)} --output tree")


async def orphans(scene: Scene, cluster: str) -> str:
    """What Argo CD finds in the Application's namespace that belongs to no Application."""
    return await scene.shell.quiet(f"argocd --core app resources {scene.app(cluster)} --orphaned")


async def test_argocd_sees_the_imports_and_takes_them_for_nobodys(scene: Scene) -> None:
    """Rule S3: an import has no owner, and no label of the provider's slice, onto which the Service's were copied.

    One command of `argocd --core` after the other: each looks for a free port, lets it go and takes it a moment later,
    and a second one may be given it meanwhile.
    """
    for cluster in MEMBERS:
        await seen_as_nobodys(scene, cluster)
    await scene.shell.quiet(f"{PROJECT} '{IGNORE}'")
    for cluster in MEMBERS:
        await not_seen(scene, cluster)
    await scene.shell.quiet(f"{PROJECT} '{WATCH}'")
    for app in await scene.apps():
        assert {resource["kind"] for resource in app["status"]["resources"]} == {"Service", "Deployment"}


async def seen_as_nobodys(scene: Scene, cluster: str) -> None:
    found, ours = await slices(scene, cluster), await scene.imports(cluster)
    (native,) = found.keys() - ours.keys()
    assert ours
    shown = await eventually(lambda: tree(scene, cluster), lambda said: f"EndpointSlice/{native}" in said, DEADLINE)
    listed = await eventually(
        lambda: orphans(scene, cluster), lambda said: all(name in said for name in ours), DEADLINE
    )
    assert native not in listed
    assert not [name for name in ours if name in shown]


async def not_seen(scene: Scene, cluster: str) -> None:
    ours = await scene.imports(cluster)
    await eventually(lambda: orphans(scene, cluster), lambda said: not any(name in said for name in ours), DEADLINE)


@pytest.mark.parametrize("cluster", MEMBERS)
async def test_imports_carry_nothing_that_argocd_tracks_by(scene: Scene, cluster: str) -> None:
    service = await read(scene.shell, cluster, f"/api/v1/namespaces/{scene.namespace}/services/service1")
    marks = {*service["metadata"].get("labels", {}), *service["metadata"].get("annotations", {})}
    assert METHODS[scene.method] <= marks  # Argo CD does track by these
    ours, found = await scene.imports(cluster), await slices(scene, cluster)
    assert ours
    for name in ours:
        assert not {LABEL, ANNOTATION} & {*found[name]["labels"], *found[name].get("annotations", {})}


async def test_a_sync_with_prune_leaves_the_imports_as_they_are(scene: Scene) -> None:
    before = await scene.held()
    await asyncio.gather(*(sync(scene.shell, scene.app(cluster), prune=True) for cluster in MEMBERS))
    await eventually(scene.apps, all_right, DEADLINE, LOOK)
    assert await scene.held() == before


async def test_endpoints_that_come_and_go_make_no_application_out_of_sync(scene: Scene) -> None:
    """A pod of the old cluster is replaced: its import in the new one changes, and Argo CD has nothing to do."""
    before, synced = await endpoints(scene), [syncs(app) for app in await scene.apps()]
    await scene.shell.quiet(f"kubectl --context {OLD} delete pod -n {scene.namespace} -l app=service1 --wait=false")
    seen: set[str] = set()

    async def looked() -> set[str]:
        seen.update(sync_of(app) for app in await scene.apps())
        return await endpoints(scene)

    await eventually(looked, lambda now: len(now) == 1 and now != before, DEADLINE, LOOK)
    for cluster in MEMBERS:
        seen.add(sync_of(await compared(scene.shell, scene.app(cluster), 1)))
    assert seen == {"Synced"}
    assert [syncs(app) for app in await scene.apps()] == synced


async def endpoints(scene: Scene) -> set[str]:
    """Addresses of ready endpoints that the new cluster imports."""
    (name,) = await scene.imports(NEW)
    path = f"/apis/discovery.k8s.io/v1/namespaces/{scene.namespace}/endpointslices/{name}"
    found = (await read(scene.shell, NEW, path))["endpoints"]
    return {endpoint["addresses"][0] for endpoint in found if endpoint["conditions"]["ready"]}


async def test_a_slice_that_carries_the_marks_is_pruned(scene: Scene) -> None:
    """What would become of imports that copied the labels and annotations of what they come from."""
    app = scene.app(NEW)
    tracking_id = f"{app}:discovery.k8s.io/EndpointSlice:{scene.namespace}/service1-marked"
    marks = {LABEL: app, ANNOTATION: tracking_id}
    meta = {"name": "service1-marked", "namespace": scene.namespace}
    managed = {"kubernetes.io/service-name": "service1", "endpointslice.kubernetes.io/managed-by": "someone.else"}
    labels = managed | ({LABEL: marks[LABEL]} if LABEL in METHODS[scene.method] else {})
    annotations = {ANNOTATION: marks[ANNOTATION]} if ANNOTATION in METHODS[scene.method] else {}
    slice_ = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "endpoints": []}
    await apply(scene.shell, NEW, slice_ | {"metadata": meta | {"labels": labels, "annotations": annotations}})
    await eventually(lambda: slices(scene, NEW), lambda found: "service1-marked" not in found, DEADLINE, LOOK)
    assert await scene.imports(NEW)
