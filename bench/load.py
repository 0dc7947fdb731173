"""The load: Services, slices and MultiClusterServices, written as their owners would write them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TypeVar

import msgspec

from landbridge.api.core import NAMESPACES, SERVICES
from landbridge.api.discovery import SLICES, Conditions, Endpoint, EndpointPort, EndpointSlice
from landbridge.api.meta import Object, ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, ClusterRef, MultiClusterService, MultiClusterServiceSpec
from landbridge.api.names import CONTROL_PLANE_MANAGER, MANAGED_BY, SERVICE_NAME
from landbridge.kube.api import Api

T = TypeVar("T")

AT_ONCE = 16
"""Requests under way to one API server."""

READY = Conditions(ready=True, serving=True, terminating=False)
PORTS = (EndpointPort("http", "TCP", 8080),)


@dataclass(frozen=True)
class Namespace:
    """A namespace in one cluster, whose control plane we play."""

    api: Api
    pods: IPv4Network
    name: str

    async def make(self, services: Iterable[str]) -> None:
        """Make it, with these Services."""
        await self.api.create(NAMESPACES, Object(ObjectMeta(self.name)))
        await each(self._make_service, services)

    async def make_slices(self, services: Iterable[str], endpoints: int, manager: str = CONTROL_PLANE_MANAGER) -> None:
        """Make a slice of each Service."""
        await each(lambda name: self.api.create(SLICES, self.slice(name, 0, endpoints, manager)), services)

    async def change(self, service: str, number: int, endpoints: int, manager: str = CONTROL_PLANE_MANAGER) -> None:
        """Put a slice that is there; back when it is acknowledged."""
        await self.api.replace(SLICES, self.slice(service, number, endpoints, manager))

    def slice(self, service: str, number: int, endpoints: int, manager: str) -> EndpointSlice:
        """A slice; the host name of its first endpoint is the number of the change."""
        meta = ObjectMeta(f"{service}-of-{manager}", self.name, labels={SERVICE_NAME: service, MANAGED_BY: manager})
        addresses = (str(self.pods[1 + index]) for index in range(endpoints))
        hosts = (f"change-{number}" if index == 0 else None for index in range(endpoints))
        made = tuple(Endpoint((address,), READY, host) for address, host in zip(addresses, hosts, strict=True))
        return EndpointSlice(meta, address_type="IPv4", endpoints=made, ports=PORTS)

    async def _make_service(self, name: str) -> None:
        spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
        await self.api.request("POST", SERVICES.path(self.name), body=msgspec.json.encode(body))


def number_of(slice_: EndpointSlice) -> int:
    """The number of the change that a slice, or its copy, shows."""
    first = (slice_.endpoints or (Endpoint(),))[0]
    return int((first.hostname or "change-0").removeprefix("change-"))


async def make_mcs(hub: Api, namespace: str, services: Iterable[str], clusters: Iterable[str]) -> None:
    """Join Services, all ways."""
    refs = tuple(map(ClusterRef, clusters))
    spec = MultiClusterServiceSpec(refs, refs)

    async def make(name: str) -> None:
        await hub.create(MULTI_CLUSTER_SERVICES, MultiClusterService(ObjectMeta(name, namespace), spec))

    await each(make, services)


async def each(do: Callable[[str], Awaitable[object]], names: Iterable[str]) -> None:
    """Do it for each, some at once."""
    left = iter(names)

    async def worker() -> None:
        for name in left:
            await do(name)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(worker())
