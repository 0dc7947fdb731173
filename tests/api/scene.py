"""The stage of one test: a namespace of its own, and the words to play providers and consumers in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import msgspec

from landbridge.api.core import NAMESPACES, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.events import EVENTS
from landbridge.api.kind import Kind
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import CONTROL_PLANE_MANAGER, MANAGED_BY, MANAGER, SERVICE_NAME
from landbridge.kube.api import MERGE_PATCH
from landbridge.kube.errors import NotFoundError
from tests.api.waiting import DEADLINE, eventually
from tests.api.world import HUB, World

Body = dict[str, Any]

NAME = "web"
SLICE = "web-abcde"
PORTS = [{"name": "http", "port": 8080, "protocol": "TCP"}]


@dataclass(frozen=True)
class Scene:
    """One Service, `web` in all tests but one. Objects are plain mappings here, so that no field escapes a test."""

    world: World
    namespace: str
    name: str = NAME

    @property
    def key(self) -> Key:
        """The Service."""
        return Key(self.namespace, self.name)

    async def make_namespace(self, *clusters: str) -> None:
        """Make the namespace in these clusters."""
        for cluster in clusters:
            await self.create(cluster, NAMESPACES, {"metadata": {"name": self.namespace}}, namespace="")

    async def make_service(self, *clusters: str, metadata: Body | None = None, **spec: object) -> None:
        """Make the Service in these clusters, with a selector unless the spec says otherwise."""
        spec = {"selector": {"app": self.name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}], **spec}
        for cluster in clusters:
            await self.create(cluster, SERVICES, {"metadata": {"name": self.name, **(metadata or {})}, "spec": spec})

    async def make_mcs(self, providers: Sequence[str], consumers: Sequence[str]) -> Body:
        """Make the MultiClusterService."""
        body = {"metadata": {"name": self.name}, "spec": mcs_spec(providers, consumers)}
        return await self.create(HUB, MULTI_CLUSTER_SERVICES, body)

    async def change_mcs(self, providers: Sequence[str], consumers: Sequence[str]) -> None:
        """Give the MultiClusterService other clusters."""
        await self.patch(HUB, MULTI_CLUSTER_SERVICES, self.name, {"spec": mcs_spec(providers, consumers)})

    async def delete_mcs(self) -> None:
        """Delete the MultiClusterService; its finalizer holds it."""
        await self.world.hub.delete(MULTI_CLUSTER_SERVICES, ObjectMeta(self.name, self.namespace))

    async def mcs(self) -> Body:
        """The MultiClusterService; empty while there is none."""
        return await self.read(HUB, MULTI_CLUSTER_SERVICES) or {}

    async def mcs_gone(self) -> None:
        """Wait for its end."""
        await eventually(self.mcs, lambda mcs: not mcs)

    async def end(self) -> None:
        """Delete the MultiClusterService if there is one; no cluster may hold an import of it afterwards."""
        if await self.mcs():
            await self.delete_mcs()
            await self.mcs_gone()
        for cluster in self.world.admins:
            await self.holds(cluster, 0)

    async def put_slice(self, cluster: str, *addresses: str, name: str = SLICE, **more: Any) -> Body:
        """Write a slice as the provider's control plane does: create it, or put it in place of the old one."""
        body = slice_body(self.name, name, addresses, **more)
        if await self.read(cluster, SLICES, name) is None:
            return await self.create(cluster, SLICES, body)
        path = SLICES.path(self.namespace, name)
        return plain(await self.world.admins[cluster].request("PUT", path, body=_body(SLICES, body)))

    async def delete_slice(self, cluster: str, name: str = SLICE) -> None:
        """Delete a slice."""
        await self.world.admins[cluster].delete(SLICES, ObjectMeta(name, self.namespace))

    async def imports(self, cluster: str) -> list[Body]:
        """The slices that Landbridge wrote into a cluster."""
        return [s for s in await self.slices(cluster) if s["metadata"]["labels"].get(MANAGED_BY) == MANAGER]

    async def slices(self, cluster: str) -> list[Body]:
        """All slices in the namespace."""
        answer = plain(await self.world.admins[cluster].request("GET", SLICES.path(self.namespace)))
        found: list[Body] = answer["items"]
        return found

    async def imported(self, cluster: str) -> list[str]:
        """The addresses in a cluster's imports."""
        return addresses(await self.imports(cluster))

    async def arrives(self, cluster: str, *wanted: str, deadline: float = DEADLINE) -> list[Body]:
        """Wait until a cluster's imports have exactly these addresses."""
        expected = sorted(wanted)
        return await eventually(lambda: self.imports(cluster), lambda found: addresses(found) == expected, deadline)

    async def holds(self, cluster: str, count: int) -> None:
        """Wait until a cluster has so many imports."""
        await eventually(lambda: self.imports(cluster), lambda found: len(found) == count)

    async def only_import(self, cluster: str, *wanted: str) -> Body:
        """Wait as `arrives`; there is one import."""
        (found,) = await self.arrives(cluster, *wanted)
        return found

    async def row(self, cluster: str) -> Body:
        """What the status says of a cluster; empty while it says nothing."""
        rows = (await self.mcs()).get("status", {}).get("clusters", [])
        return next((row for row in rows if row["name"] == cluster), {})

    async def shows(self, cluster: str, state: str, deadline: float = DEADLINE, **fields: object) -> Body:
        """Wait until the status has a cluster in a state, with these fields."""
        wanted = {"state": state, **fields}.items()
        return await eventually(lambda: self.row(cluster), lambda row: wanted <= row.items(), deadline)

    async def condition(self, kind: str) -> Body:
        """A condition of the MultiClusterService; empty while there is none."""
        conditions = (await self.mcs()).get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == kind), {})

    async def told(self, *reasons: str, type_: str = "Warning") -> list[Body]:
        """Wait for Events about the MultiClusterService, one for each of these reasons."""

        async def found() -> list[Body]:
            return [event for event in await self.events(type_) if event["reason"] in reasons]

        return await eventually(found, lambda events: {event["reason"] for event in events} == set(reasons))

    async def events(self, type_: str) -> list[Body]:
        """All Events of a type about the MultiClusterService; not about one that had this name before."""
        answer = plain(await self.world.admins[HUB].request("GET", EVENTS.path(self.namespace)))
        uid = (await self.mcs()).get("metadata", {}).get("uid")
        return [e for e in answer["items"] if e["regarding"].get("uid") == uid and e["type"] == type_]

    async def read(self, cluster: str, kind: Kind[Any], name: str = "") -> Body | None:
        """An object of the namespace, if it is there."""
        try:
            return plain(await self.world.admins[cluster].request("GET", kind.path(self.namespace, name or self.name)))
        except NotFoundError:
            return None

    async def create(self, cluster: str, kind: Kind[Any], body: Body, *, namespace: str | None = None) -> Body:
        """Create an object, in the scene's namespace unless told otherwise."""
        where = self.namespace if namespace is None else namespace
        return plain(await self.world.admins[cluster].request("POST", kind.path(where), body=_body(kind, body)))

    async def patch(self, cluster: str, kind: Kind[Any], name: str, patch: Body) -> Body:
        """Change some fields of an object."""
        path, body = kind.path(self.namespace, name), msgspec.json.encode(patch)
        return plain(await self.world.admins[cluster].request("PATCH", path, body=body, content_type=MERGE_PATCH))

    def pod(self, cluster: str, number: int) -> str:
        """Address of a pod of a cluster."""
        return str(ip_network(self.world.cluster(cluster).pod_cidr)[number])

    def pods(self, cluster: str, count: int) -> list[str]:
        """Addresses of its first pods."""
        return [self.pod(cluster, number) for number in range(1, count + 1)]


def slice_body(service: str, name: str, addresses: Sequence[str], **more: Any) -> Body:
    """A slice as a control plane writes it, with everything that must not travel."""
    labels = {SERVICE_NAME: service, MANAGED_BY: CONTROL_PLANE_MANAGER, **more.pop("labels", {})}
    annotations = more.pop("annotations", {})
    endpoints = [endpoint(address) for address in addresses]
    meta = {"name": name, "labels": labels, "annotations": annotations}
    return {"metadata": meta, "addressType": "IPv4", "ports": PORTS, "endpoints": endpoints, **more}


def endpoint(address: str, *, ready: bool = True, **more: Any) -> Body:
    """An endpoint as a control plane writes it."""
    return {
        "addresses": [address],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": "node-1",
        "zone": "zone-a",
        "hints": {"forZones": [{"name": "zone-a"}]},
        "targetRef": {"kind": "Pod", "name": "web-1", "namespace": "there"},
        **more,
    }


def mcs_spec(providers: Sequence[str], consumers: Sequence[str]) -> Body:
    """The spec of a MultiClusterService."""
    return {
        "providerClusters": [{"name": name} for name in providers],
        "consumerClusters": [{"name": name} for name in consumers],
    }


def addresses(slices: Sequence[Body]) -> list[str]:
    """All addresses, in order."""
    return sorted(a for s in slices for e in s.get("endpoints") or () for a in e["addresses"])


def plain(answer: bytes) -> Body:
    """An answer as a mapping."""
    return msgspec.json.decode(answer, type=Body)


def _body(kind: Kind[Any], body: Body) -> bytes:
    return msgspec.json.encode({"apiVersion": kind.api_version, "kind": kind.kind, **body})
