"""A hub and clusters in memory, with the controller's real workers between them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from landbridge.api.core import CONFIG_MAPS, NAMESPACES, SERVICES
from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, MultiClusterService
from landbridge.clusters.member import Member
from landbridge.controller.imports import ImportReconciler
from landbridge.controller.multicluster_services import MultiClusterServiceReconciler
from landbridge.controller.router import Router
from landbridge.fleet.keeper import RecordKeeper
from landbridge.fleet.record import FleetRecord, read_record, render_record
from landbridge.kube.informer import Informer
from landbridge.kube.queue import Work, WorkQueue
from landbridge.mcs.state import FleetState
from tests.unit.fakes import WatchedApi, running, settle
from tests.unit.objects import FLEET_UID, cluster, service, slice_

MCS_PATH = MULTI_CLUSTER_SERVICES.path("mcs-demo", "service2")


@dataclass
class World:
    """What outlives a controller."""

    hub: WatchedApi = field(default_factory=lambda: WatchedApi("https://hub:6443"))
    clusters: dict[str, WatchedApi] = field(
        default_factory=lambda: {name: WatchedApi(f"https://{name}:6443") for name in ("old", "new", "third")}
    )

    def __post_init__(self) -> None:
        self.put_record(FleetRecord(FLEET_UID))
        for api in self.clusters.values():
            api.add(NAMESPACES, Object(ObjectMeta("mcs-demo")))

    def mcs(self) -> MultiClusterService | None:
        return self.hub.held(MULTI_CLUSTER_SERVICES).get("service2")

    def delete_mcs(self) -> None:
        """As a person would: what holds it is its finalizers."""
        body = self.hub.objects[MCS_PATH]
        ending = body["metadata"] | {"deletionTimestamp": "2026-01-01T00:00:00Z"}
        self.hub.put(MCS_PATH, body | {"metadata": ending})

    def imports(self, name: str) -> list[EndpointSlice]:
        held = self.clusters[name].held(SLICES).values()
        return [slice_ for slice_ in held if slice_.managed_by == "landbridge.dev"]

    def record(self) -> FleetRecord:
        return read_record(self.hub.held(CONFIG_MAPS)["landbridge-fleet"])

    def debts(self) -> Mapping[str, frozenset[Key]]:
        return self.record().debts

    def put_record(self, record: FleetRecord) -> None:
        """As another process, or a restore, would."""
        self.hub.add(CONFIG_MAPS, render_record(record))

    def status_writes(self) -> int:
        return sum(path.endswith("/status") for _, path in self.hub.writes)

    def forget_calls(self) -> None:
        for api in (self.hub, *self.clusters.values()):
            api.calls.clear()

    def writes(self) -> list[tuple[str, str]]:
        return [call for api in (self.hub, *self.clusters.values()) for call in api.writes]


def moving(joined: MultiClusterService) -> World:
    """`service2` in old and new, joined so, with one endpoint in old."""
    world = World()
    world.hub.add(MULTI_CLUSTER_SERVICES, joined)
    world.clusters["old"].add(SLICES, slice_("a", "10.1.0.1"))
    for name in ("old", "new"):
        world.clusters[name].add(SERVICES, service())
    return world


class Rig:
    """A controller without its process: no election, no Secrets."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.services = Informer(
            world.hub,
            MULTI_CLUSTER_SERVICES,
            on_change=lambda key: self.router.service_changed(key),
            on_contact=lambda: None,
        )
        self.state = FleetState(FLEET_UID, multicluster_services=self.services.store)
        self.reconciler = MultiClusterServiceReconciler(self.state, world.hub)
        self.router = Router(self.state, self.reconciler.queue)
        self.keeper = RecordKeeper(world.hub, self.state.ledger, on_change=self.record_changed, on_contact=lambda: None)

    def engage(self, name: str) -> Member:
        """As `Engagements` does, from a connection that is there."""
        self.state.clusters[name] = cluster(name)
        self.state.members[name] = Member(
            cluster(name),
            self.world.clusters[name],
            on_change=self.router.member_changed,
            on_contact=self.router.contact_changed,
        )
        return self.state.members[name]

    def record_changed(self, before: FleetRecord) -> None:
        """As the process does."""
        self.router.record_changed(before)

    async def keep_imports(self, member: Member) -> None:
        """An engaged cluster's duty."""
        await ImportReconciler(self.state, member, self.router.report).run()

    def close(self) -> None:
        """Drop all appointments."""
        self.reconciler.queue.close()
        for member in self.state.members.values():
            member.queue.close()


@asynccontextmanager
async def controller(world: World, engaged: Iterable[str] = ("old", "new", "third")) -> AsyncGenerator[Rig]:
    """All workers at work, from the hub's record on; at the end it dies, and the world stays."""
    rig = Rig(world)
    rig.state.ledger.record = world.record()
    members = [rig.engage(name) for name in engaged]
    async with running(
        rig.services.run(),
        rig.keeper.run(),
        rig.reconciler.run(),
        *(rig.keep_imports(member) for member in members),
        *(member.follow() for member in members),
    ):
        await settle(3)
        yield rig
    rig.close()


async def drain(queue: WorkQueue[Key]) -> list[Work[Key]]:
    """Everything that waits, in its order."""
    work = []
    while len(queue):
        work.append(await queue.get())
        queue.done(work[-1].key)
    return work


async def keys(queue: WorkQueue[Key]) -> list[Key]:
    return [work.key for work in await drain(queue)]
