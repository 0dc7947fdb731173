"""A tenant of one namespace of oldcluster tries to get callers of newcluster, or to take their endpoints away.

His credential is real: he may do everything with Services and EndpointSlices in his namespace, and nothing elsewhere.
After each try his control plane publishes one more pod. What newcluster holds then is what came of the try as well.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from landbridge.api.core import SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.kind import Kind
from landbridge.api.names import (
    CONTROL_PLANE_MANAGER,
    EXPORT_UNMANAGED,
    FLEET,
    MANAGED_BY,
    MANAGER,
    SERVICE_NAME,
    SERVICE_PROXY_NAME,
    SOURCE_CLUSTER,
)
from landbridge.enroll.manifests import apply
from landbridge.fleet.tokens import mint
from landbridge.kube.api import MERGE_PATCH, Api
from landbridge.kube.config import load
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import ApiError
from landbridge.mcs import conflicts
from tests.api.scene import Body, Scene, addresses, endpoint, slice_body
from tests.api.waiting import eventually
from tests.api.world import HUB, NEW, OLD

THIEF = "198.51.100.7"
"""Where he would have the requests."""
METADATA = "169.254.169.254"
FORGED = "web-forged"


@dataclass(frozen=True)
class Tenant:
    """What he can do."""

    scene: Scene
    api: Api

    async def forge(self, *to: str, name: str = FORGED, labels: Body | None = None, **more: Any) -> str:
        """Write a slice; gives the reason for which his API server refused it, if it did."""
        body = slice_body("web", name, to, **more)
        body["metadata"]["labels"] = {SERVICE_NAME: "web", **(labels or {})}
        return await self._tries("POST", SLICES, "", body)

    async def change_service(self, **fields: Any) -> str:
        """Patch his own Service."""
        return await self._tries("PATCH", SERVICES, "web", fields)

    async def change_slice(self, name: str, **fields: Any) -> str:
        """Patch any slice of his namespace."""
        return await self._tries("PATCH", SLICES, name, fields)

    async def _tries(self, method: str, kind: Kind[Any], name: str, body: Body) -> str:
        content = MERGE_PATCH if method == "PATCH" else "application/json"
        encoded = msgspec.json.encode({"apiVersion": kind.api_version, "kind": kind.kind, **body})
        try:
            path = kind.path(self.scene.namespace, name)
            await self.api.request(method, path, body=encoded, content_type=content)
        except ApiError as error:
            return str(error)
        return ""

    async def got_nothing(self) -> None:
        """One more pod of oldcluster arrives in newcluster; beside it is what was there, and nothing else."""
        pods = self.scene.pods(OLD, 2)
        await self.scene.put_slice(OLD, *pods)
        await self.scene.arrives(NEW, *pods)
        own = [s for s in await self.scene.slices(NEW) if s["metadata"]["labels"].get(MANAGED_BY) != MANAGER]
        assert addresses(own) == [self.scene.pod(NEW, 1)]

    async def is_told_nothing(self) -> None:
        """What the victim reads, after it got nothing: all is well."""
        await self.scene.shows(NEW, "Synced", importedReady=2)
        assert (await self.scene.condition("Conflict"))["reason"] == "NoConflicts"
        assert await self.scene.events("Warning") == []

    async def is_reported(self, reason: str) -> str:
        """What the victim reads in the condition; there is an Event of it, too."""
        condition = await eventually(lambda: self.scene.condition("Conflict"), lambda c: reason in c.get("reason", ""))
        await self.scene.told(reason)
        return str(condition["message"])


@pytest.fixture
async def tenant(scene: Scene) -> AsyncGenerator[Tenant]:
    """He owns the namespace in oldcluster; the Service is joined both ways, and serves in both clusters."""
    await scene.make_service(OLD, NEW)
    for cluster in (OLD, NEW):
        await scene.put_slice(cluster, scene.pod(cluster, 1))
    await scene.make_mcs([OLD, NEW], [OLD, NEW])
    await scene.arrives(NEW, scene.pod(OLD, 1))
    await scene.arrives(OLD, scene.pod(NEW, 1))
    async with credential(scene) as api:
        yield Tenant(scene, api)


@asynccontextmanager
async def credential(scene: Scene) -> AsyncGenerator[Api]:
    """His own, with rights in the namespace."""
    admin = scene.world.admins[OLD]
    for manifest in rights(scene.namespace):
        await apply(admin, manifest)
    config = load(OLD, scene.world.lab.kubeconfig).anonymous()
    async with Api(config, StaticToken(await mint(admin, "tenant", scene.namespace))) as api:
        yield api


def rights(namespace: str) -> list[Body]:
    """His account and his rights."""
    group, meta = "rbac.authorization.k8s.io", {"name": "tenant", "namespace": namespace}
    rules = [
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["services", "pods", "configmaps"], "verbs": ["*"]},
    ]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": meta, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "tenant"},
            "subjects": [{"kind": "ServiceAccount", **meta}],
        },
    ]


async def test_the_control_planes_label_is_refused_to_him_s9(tenant: Tenant) -> None:
    pod = tenant.scene.pod(OLD, 66)  # not even addresses of his own cluster
    probe = {MANAGED_BY: CONTROL_PLANE_MANAGER, SERVICE_NAME: "nobodys"}  # a policy is at work a moment after the join
    await eventually(lambda: tenant.forge(pod, name="probe", labels=probe), lambda said: "landbridge-tenants" in said)
    assert "landbridge-tenants" in await tenant.forge(pod, labels={MANAGED_BY: CONTROL_PLANE_MANAGER})
    await tenant.got_nothing()
    await tenant.is_told_nothing()


async def test_a_slice_under_the_control_planes_label_brings_no_foreign_address_s9(tenant: Tenant) -> None:
    """On a member before 1.30 no policy keeps him from it; here somebody with more rights plays him."""
    scene = tenant.scene
    await scene.put_slice(OLD, THIEF, scene.pod(NEW, 66), name=FORGED)
    assert THIEF in await tenant.is_reported(conflicts.ADDRESS_FILTERED)
    await tenant.got_nothing()


@pytest.mark.parametrize("address", [METADATA, "127.0.0.1", "224.0.0.1"])
async def test_no_api_server_takes_addresses_of_the_node_itself_s9(tenant: Tenant, address: str) -> None:
    assert "Invalid value" in await tenant.forge(address)
    await tenant.got_nothing()
    await tenant.is_told_nothing()


async def test_consent_lends_no_addresses_of_others_s9(tenant: Tenant) -> None:
    """He takes the selector away and says himself that what he writes may be exported."""
    annotations = {EXPORT_UNMANAGED: "true"}
    assert not await tenant.change_service(metadata={"annotations": annotations}, spec={"selector": None})
    forged = (THIEF, tenant.scene.pod(NEW, 66), "10.96.0.1")
    assert not await tenant.forge(*forged)
    assert "3" in await tenant.is_reported(conflicts.ADDRESS_FILTERED)
    await tenant.got_nothing()


async def test_hundreds_of_slices_crowd_nobody_out_s9(tenant: Tenant) -> None:
    """None of them is exported, so none of them has to be copied, or waited for."""
    for number in range(200):
        assert not await tenant.forge(tenant.scene.pod(OLD, 66), name=f"web-{number}")
    await tenant.got_nothing()
    await tenant.is_told_nothing()


async def test_slices_that_look_like_imports_are_not_exported_s2(tenant: Tenant) -> None:
    ours = {MANAGED_BY: MANAGER, FLEET: "any", SOURCE_CLUSTER: NEW}
    await tenant.forge(tenant.scene.pod(OLD, 66), labels=ours)
    others = {MANAGED_BY: "lighthouse-agent.submariner.io", SOURCE_CLUSTER: NEW}
    await tenant.forge(tenant.scene.pod(OLD, 67), name="web-other", labels=others)
    await tenant.got_nothing()
    assert OLD in await tenant.is_reported(conflicts.FOREIGN_IMPORTS)
    await tenant.api.request("DELETE", SLICES.path(tenant.scene.namespace, FORGED))


async def test_a_slice_in_an_imports_place_stays_his_own_trouble_s12(tenant: Tenant) -> None:
    """In his own cluster he may delete the import and put his slice there: it is put right, and no other imports it."""
    (there,) = await tenant.scene.imports(OLD)
    name = there["metadata"]["name"]
    await tenant.api.request("DELETE", SLICES.path(tenant.scene.namespace, name))
    await tenant.forge(THIEF, name=name)
    await tenant.got_nothing()
    await tenant.is_told_nothing()
    await tenant.scene.arrives(OLD, tenant.scene.pod(NEW, 1))


async def test_a_mark_for_another_proxy_on_an_import_is_taken_off_again_s12(tenant: Tenant) -> None:
    (there,) = await tenant.scene.imports(OLD)
    name = there["metadata"]["name"]
    assert not await tenant.change_slice(name, metadata={"labels": {SERVICE_PROXY_NAME: "his"}})
    await eventually(
        lambda: tenant.scene.imports(OLD),
        lambda found: len(found) == 1 and SERVICE_PROXY_NAME not in found[0]["metadata"]["labels"],
    )
    await tenant.got_nothing()
    await tenant.is_told_nothing()


async def test_an_alias_of_his_leads_nobody_away_s10(tenant: Tenant) -> None:
    alias = {"type": "ExternalName", "externalName": "thief.example", "clusterIP": None, "clusterIPs": None}
    assert not await tenant.change_service(spec=alias)
    await tenant.scene.shows(OLD, "InvalidServiceType")
    await tenant.scene.told("InvalidServiceType")
    await tenant.scene.holds(NEW, 0)
    assert addresses(await tenant.scene.slices(NEW)) == [tenant.scene.pod(NEW, 1)]


async def test_ports_of_his_change_no_port_of_others_s10(tenant: Tenant) -> None:
    ports = [{"name": "https", "port": 443, "targetPort": 8443, "protocol": "TCP"}]
    assert not await tenant.change_service(spec={"ports": ports})
    assert OLD in await tenant.is_reported(conflicts.PORT)
    found = await tenant.scene.slices(NEW)
    assert {port["name"] for s in found for port in s["ports"]} == {"http"}
    await tenant.got_nothing()


async def test_a_host_name_of_another_cluster_is_not_his_s10(scene: Scene) -> None:
    """He says that his pod is web-0, which newcluster has."""
    await scene.make_service(OLD, NEW, clusterIP="None")
    await scene.put_slice(NEW, endpoints=[endpoint(scene.pod(NEW, 1), hostname="web-0")])
    await scene.put_slice(OLD, endpoints=[endpoint(scene.pod(OLD, 66), hostname="web-0")])
    await scene.make_mcs([OLD, NEW], [NEW])
    message = (await scene.shows(NEW, "Conflict"))["message"]
    assert f"host name web-0 of {OLD} is not imported" in message
    await scene.told(conflicts.HOSTNAME)
    assert await scene.imported(NEW) == []


@pytest.mark.parametrize("listed", [(NEW, OLD), (OLD, NEW)], ids=["after his victim", "before his victim"])
async def test_host_names_are_not_his_in_a_third_cluster_either_s10(scene: Scene, listed: tuple[str, ...]) -> None:
    """Nor while all pods of his victim restart."""
    await scene.make_service(HUB, OLD, NEW, clusterIP="None")
    victims = [endpoint(pod, hostname=f"web-{n}") for n, pod in enumerate(scene.pods(NEW, 2))]
    await scene.put_slice(NEW, endpoints=victims)
    await scene.make_mcs(listed, [HUB])
    await scene.arrives(HUB, *scene.pods(NEW, 2))
    async with credential(scene) as api:
        tenant = Tenant(scene, api)
        annotations = {EXPORT_UNMANAGED: "true"}
        assert not await tenant.change_service(metadata={"annotations": annotations}, spec={"selector": None})
        his = [endpoint(scene.pod(OLD, 66 + n), hostname=f"web-{n}") for n in range(3)]
        assert not await tenant.forge(endpoints=his)
        message = await tenant.is_reported(conflicts.HOSTNAME)
        assert f"{HUB}: host name web-0, web-1, web-2 of {OLD} is not imported, all are {NEW}'s" in message
        await scene.put_slice(NEW)
        await scene.arrives(HUB)
        assert not await tenant.forge(endpoints=his[:2], name="web-more")
        await scene.put_slice(NEW, endpoints=victims)
        await scene.arrives(HUB, *scene.pods(NEW, 2))


async def test_what_he_does_reaches_no_service_of_another_namespace(tenant: Tenant) -> None:
    path = SLICES.path("kube-system")
    body = msgspec.json.encode(
        {"apiVersion": SLICES.api_version, "kind": SLICES.kind, **slice_body("kube-dns", "d", [THIEF])}
    )
    with pytest.raises(ApiError, match="forbidden"):
        await tenant.api.request("POST", path, body=body)
    assert not await tenant.forge(THIEF, name="kube-dns-abcde", labels={SERVICE_NAME: "kube-dns"})
    await tenant.got_nothing()
    await tenant.is_told_nothing()
