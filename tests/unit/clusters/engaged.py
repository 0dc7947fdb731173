"""A controller that engages what the Secrets on the hub name, over clusters in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
from prometheus_client import REGISTRY

from landbridge.api.core import SECRETS
from landbridge.api.multicluster import ClusterStatus, MultiClusterServiceStatus
from landbridge.clusters.engagements import Engagements
from landbridge.fleet.cluster import cluster_secret
from landbridge.fleet.record import FleetRecord
from landbridge.kube.config import ServerConfig
from landbridge.kube.informer import Informer
from landbridge.mcs.departure import Departures
from tests.unit.controller.rig import Rig, World
from tests.unit.fakes import running, settle
from tests.unit.objects import cluster


class Engaged(Rig):
    """A controller that engages what the Secrets name."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.secrets = Informer(
            world.hub,
            SECRETS,
            namespace="landbridge-system",
            on_change=lambda key: self.engagements.secret_changed(key),
            on_contact=lambda: None,
        )
        self.engagements = Engagements(
            self.state,
            world.hub,
            self.secrets.store,
            listener=self.router,
            duty=lambda member: self.keep_imports(member),
            departures=Departures(self.state),
        )

    def record_changed(self, before: FleetRecord) -> None:
        super().record_changed(before)
        self.engagements.record_changed()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.keeper.run())
            await self.keeper.loaded()
            tasks.create_task(self.services.run())
            tasks.create_task(self.secrets.run())
            tasks.create_task(self.reconciler.run())
            tasks.create_task(self.engagements.run(tasks))


@asynccontextmanager
async def engaging(world: World) -> AsyncGenerator[Engaged]:
    rig = Engaged(world)
    async with running(rig.run()):
        await settle(3)
        yield rig
    rig.close()


def path(name: str) -> str:
    return SECRETS.path("landbridge-system", f"cluster-{name}")


def leave(world: World, name: str) -> None:
    """What `landbridge fleet leave` does first."""
    body = world.hub.objects[path(name)]
    world.hub.put(path(name), body | {"metadata": body["metadata"] | {"deletionTimestamp": "2026-01-01T00:00:00Z"}})


def readdress(world: World, server: str) -> None:
    """Give `old` another address, as a person would."""
    moved = replace(cluster("old"), config=ServerConfig(server, ca=None))
    world.hub.put(path("old"), msgspec.json.decode(SECRETS.encode(cluster_secret(moved))))


def row(world: World, name: str) -> ClusterStatus:
    return next(row for row in status(world).clusters if row.name == name)


def gauge(name: str, cluster: str = "old") -> float | None:
    return REGISTRY.get_sample_value(name, {"cluster": cluster})


def status(world: World) -> MultiClusterServiceStatus:
    found = world.mcs()
    assert found
    assert found.status
    return found.status
