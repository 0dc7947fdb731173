"""The scene of one seed: fifty Services in three clusters, and their providers' every-day changes."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from typing import Any

import msgspec

from landbridge.api.core import NAMESPACES, SERVICES
from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.kind import Kind
from landbridge.api.meta import ObjectMeta
from landbridge.api.migration import SERVICE_MIGRATIONS
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import CONTROL_PLANE_MANAGER, MANAGER
from landbridge.kube.errors import ConflictError, KubeError, NotFoundError
from landbridge.mcs.conditions import NO_ENDPOINTS
from tests.api.scene import Body, endpoint, mcs_spec, slice_body
from tests.api.world import CLUSTERS, HUB, World
from tests.soak.observer import STEADY, by_provider
from tests.soak.schedule import Joined, Schedule
from tests.soak.verdict import Endpoints, Service

CHANGES_PER_SECOND = 20.0
ENDED = 20.0
"""Seconds for all MultiClusterServices to end."""
EMPTIED = 90.0
"""Seconds for Kubernetes itself to empty a namespace while its API server comes and goes: it took 15, and above 40."""
HALVES = ("a", "b")

Held = dict[tuple[str, Service, str], Endpoints]


class Stage:
    """The objects of a seed, past the forwarders."""

    def __init__(self, world: World, schedule: Schedule) -> None:
        self.world = world
        self.schedule = schedule
        self.namespaces = sorted({joined.namespace for joined in schedule.services})
        self.ended: set[Service] = set()
        """MultiClusterServices that the schedule deleted."""
        self._draw = random.Random(schedule.seed)
        self._publishing: defaultdict[tuple[str, str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        """Two roll-outs of one Service side by side could each take the steady endpoint for the other's."""

    async def build(self) -> None:
        """Make everything."""
        await _all(self.make_namespace(cluster, name) for cluster in CLUSTERS for name in self.namespaces)
        await _all(self.make_service(cluster, joined) for cluster in CLUSTERS for joined in self.schedule.services)
        await _all(self.publish(cluster, joined) for joined in self.schedule.services for cluster in joined.providers)
        await _all(self.make_migration(joined) for joined in self.schedule.services if joined.dark)
        await _all(map(self.make_mcs, self.schedule.services))

    async def clear(self) -> list[str]:
        """Take everything away, first MultiClusterServices and with them the imports; gives what does not end."""
        await _all(map(self.delete_mcs, self.schedule.services))
        end = asyncio.get_running_loop().time() + ENDED
        while (left := await self._left_on_hub()) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.1)
        await _all(self._delete(cluster, NAMESPACES, name, "") for cluster in CLUSTERS for name in self.namespaces)
        return [f"{mcs.metadata.key} does not end" for mcs in left]

    async def change(self) -> None:
        """Change providers' endpoints by the clock, forever; an API server that is away just now is let be."""
        while True:
            await asyncio.sleep(1 / CHANGES_PER_SECOND)
            joined = self._draw.choice(self.schedule.services)
            with suppress(KubeError):
                await self.publish(self._draw.choice(joined.providers), joined)

    async def publish(self, cluster: str, joined: Joined) -> None:
        """A roll-out: the steady endpoint moves to the other slice or stays, the others are drawn anew."""
        async with self._publishing[cluster, joined.namespace, joined.name]:
            first, second = self._draw.sample(HALVES, 2)
            await self._put_slice(cluster, joined, first, steady=True)
            if self._draw.random() < 0.3:
                await self._delete(cluster, SLICES, f"{joined.name}-{second}", joined.namespace)
            else:
                await self._put_slice(cluster, joined, second, steady=False)

    async def make_namespace(self, cluster: str, name: str) -> None:
        """Make a namespace, once one of that name that is being deleted is gone."""
        async with asyncio.timeout(EMPTIED):
            while True:
                with suppress(ConflictError):
                    await self._create(cluster, NAMESPACES, {"metadata": {"name": name}}, "")
                found = await self.world.admins[cluster].get(NAMESPACES, name)
                if found.metadata.deletion_timestamp is None:
                    return
                await asyncio.sleep(0.2)

    async def make_service(self, cluster: str, joined: Joined) -> None:
        """Make a Service, unless it is there."""
        spec = {"selector": {"app": joined.name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
        with suppress(ConflictError):
            await self._create(cluster, SERVICES, {"metadata": {"name": joined.name}, "spec": spec}, joined.namespace)

    async def remake(self, cluster: str) -> None:
        """Make the namespaces and Services of a cluster that are missing."""
        await _all(self.make_namespace(cluster, name) for name in self.namespaces)
        await _all(self.make_service(cluster, joined) for joined in self.schedule.services)

    def present(self) -> list[Joined]:
        """The Services whose MultiClusterService the schedule did not delete."""
        return [joined for joined in self.schedule.services if (joined.namespace, joined.name) not in self.ended]

    async def make_mcs(self, joined: Joined) -> None:
        """Make a MultiClusterService, unless it is there."""
        body = {"metadata": {"name": joined.name}, "spec": mcs_spec(joined.providers, joined.consumers)}
        with suppress(ConflictError):
            await self._create(HUB, MULTI_CLUSTER_SERVICES, body, joined.namespace)

    async def make_migration(self, joined: Joined) -> None:
        """Say that nothing of a Service's dark provider is offered."""
        spec = {"from": next(c for c in CLUSTERS if c != joined.dark), "to": joined.dark, "offered": 0}
        body = {"metadata": {"name": joined.name}, "spec": spec}
        await self._create(HUB, SERVICE_MIGRATIONS, body, joined.namespace)

    async def delete_mcs(self, joined: Joined) -> None:
        """Delete a MultiClusterService; its finalizer holds it."""
        await self._delete(HUB, MULTI_CLUSTER_SERVICES, joined.name, joined.namespace)

    async def delete_service(self, cluster: str, joined: Joined) -> None:
        """Delete a Service."""
        await self._delete(cluster, SERVICES, joined.name, joined.namespace)

    async def delete_namespace(self, cluster: str, name: str) -> None:
        """Delete a namespace with all that is in it."""
        await self._delete(cluster, NAMESPACES, name, "")

    async def differences(self) -> tuple[Held, Held]:
        """What consumers should hold, from what the clusters say now, and what they hold."""
        slices = {cluster: await self._slices(cluster) for cluster in CLUSTERS}
        services = {cluster: await self._services(cluster) for cluster in CLUSTERS}
        present = {(mcs.metadata.namespace, mcs.metadata.name) for mcs in await self._left_on_hub()}
        expected: Held = {}
        for joined in self.schedule.services:
            key = joined.namespace, joined.name
            for consumer in joined.consumers:
                for provider in joined.providers:
                    there = key in present and key in services[consumer] and key in services[provider]
                    own = [s for s in slices[provider] if _is_own(s, key)]
                    if there and provider not in (consumer, joined.dark) and own:
                        expected[consumer, key, provider] = _endpoints(own)
        found: Held = {}
        for consumer, all_slices in slices.items():
            imports = [s for s in all_slices if s.managed_by == MANAGER]
            found |= {(consumer, key, provider): e for (key, provider), e in by_provider(imports).items()}
        return expected, found

    async def unready(self) -> list[str]:
        """MultiClusterServices that are in order and do not say so, with what they say; some have no endpoint."""
        lines = []
        for mcs in await self._left_on_hub():
            conditions = {c.type: c for c in (mcs.status.conditions if mcs.status else ())}
            ready = conditions.get("Ready")
            if ready is None or (ready.status != "True" and ready.reason != NO_ENDPOINTS):
                lines.append(f"{mcs.metadata.key}: {f'{ready.reason}: {ready.message}' if ready else 'no status'}")
        return lines

    async def _left_on_hub(self) -> list[Any]:
        found = await self.world.hub.list(MULTI_CLUSTER_SERVICES)
        return [mcs for mcs in found.items if mcs.metadata.namespace in self.namespaces]

    async def _slices(self, cluster: str) -> list[EndpointSlice]:
        found = await self.world.admins[cluster].list(SLICES)
        return [slice_ for slice_ in found.items if slice_.metadata.namespace in self.namespaces]

    async def _services(self, cluster: str) -> set[Service]:
        found = await self.world.admins[cluster].list(SERVICES)
        return {(service.metadata.namespace, service.metadata.name) for service in found.items}

    async def _put_slice(self, cluster: str, joined: Joined, half: str, *, steady: bool) -> None:
        network = self.world.cluster(cluster).pod_cidr.rpartition(".")[0]
        numbers = self._draw.sample(range(1, 100), self._draw.randint(0, 4))
        body = slice_body(joined.name, f"{joined.name}-{half}", [f"{network}.{STEADY}"] if steady else [])
        body["endpoints"] += [endpoint(f"{network}.{n}", ready=self._draw.random() < 0.8) for n in numbers]
        path = SLICES.path(joined.namespace, body["metadata"]["name"])
        try:
            await self.world.admins[cluster].request("PUT", path, body=_encoded(SLICES, body))
        except NotFoundError:
            with suppress(ConflictError):
                await self._create(cluster, SLICES, body, joined.namespace)

    async def _create(self, cluster: str, kind: Kind[Any], body: Body, namespace: str) -> None:
        await self.world.admins[cluster].request("POST", kind.path(namespace), body=_encoded(kind, body))

    async def _delete(self, cluster: str, kind: Kind[Any], name: str, namespace: str) -> None:
        with suppress(NotFoundError, ConflictError):
            await self.world.admins[cluster].delete(kind, ObjectMeta(name, namespace))


def _is_own(slice_: EndpointSlice, key: Service) -> bool:
    return slice_.managed_by == CONTROL_PLANE_MANAGER and (slice_.metadata.namespace, slice_.service) == key


def _endpoints(slices: list[EndpointSlice]) -> Endpoints:
    return frozenset((e.addresses[0], e.ready) for slice_ in slices for e in slice_.endpoints or ())


def _encoded(kind: Kind[Any], body: Body) -> bytes:
    return msgspec.json.encode({"apiVersion": kind.api_version, "kind": kind.kind, **body})


async def _all(work: Iterable[Awaitable[None]]) -> None:
    """All of it, some at a time."""
    limit = asyncio.Semaphore(32)

    async def one(item: Awaitable[None]) -> None:
        async with limit:
            await item

    await asyncio.gather(*map(one, work))
