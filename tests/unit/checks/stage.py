"""A hub and two clusters in memory, with Service `service2` in both, as the controller leaves them when all is well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from landbridge.api.core import SERVICES
from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.multicluster import (
    MULTI_CLUSTER_SERVICES,
    ClusterStatus,
    Condition,
    MultiClusterService,
    MultiClusterServiceStatus,
)
from landbridge.checks.facts import Facts
from landbridge.checks.findings import findings, fresh
from landbridge.checks.look import Known, look
from landbridge.checks.report import report
from landbridge.checks.shapes import Finding, Report
from landbridge.enroll.admission import Wish, initialised
from landbridge.fleet.members import members
from landbridge.fleet.record import FleetRecord
from landbridge.kube.clock import utc_now_micro
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.mcs.plan import plan
from tests.unit.fleet.stage import cluster, fleet_hub, join_in_memory
from tests.unit.memory_api import MemoryApi
from tests.unit.objects import SERVICE2, mcs, service, slice_

OLD, NEW = "oldcluster", "newcluster"
BOTH = f"{OLD} {NEW}"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/landbridge-system/leases/landbridge-controller"
CREATED = "2026-01-01T00:00:00Z"
NAMESPACE = f"/api/v1/namespaces/{SERVICE2.namespace}"
SERVICE = SERVICES.path(SERVICE2.namespace, SERVICE2.name)
MCS = MULTI_CLUSTER_SERVICES.path(SERVICE2.namespace, SERVICE2.name)


class Stage:
    """What a person looks at."""

    def __init__(self, hub: MemoryApi, clusters: Mapping[str, MemoryApi]) -> None:
        self.hub = hub
        self.clusters = clusters
        self.hidden = ""
        """Why the person may not read cluster Secrets."""

    def connect(self, config: ServerConfig, token: StaticToken) -> MemoryApi:
        """The cluster of an address, for who has a token."""
        found = next(api for api in self.clusters.values() if api.server == config.server)
        found.tokens = token
        return found

    async def see(self, timeout: float = 10.0) -> Facts:
        """One look."""
        known = Known(await initialised(self.hub), await members(self.hub))
        if self.hidden:
            known = Known(FleetRecord(""), (), self.hidden)
        return await look(self.hub, known, SERVICE2, connect=self.connect, timeout=timeout)

    async def findings(self) -> list[Finding]:
        """What is wrong."""
        return findings(await self.see())

    async def report(self) -> Report:
        """All that is told."""
        return report(await self.see())

    async def only(self) -> Finding:
        """The one thing that is wrong."""
        (found,) = await self.findings()
        return found

    def put_slice(self, name: str, *addresses: str, **more: Any) -> None:
        """Write a slice as a cluster's own control plane does."""
        self.place(name, slice_(f"service2-{name[:3]}", *addresses, **more))

    def place(self, name: str, found: EndpointSlice) -> None:
        """Write a slice as it is."""
        meta = replace(found.metadata, creation_timestamp=CREATED)
        body = msgspec.json.decode(SLICES.encode(replace(found, metadata=meta)))
        self.clusters[name].put(SLICES.path(SERVICE2.namespace, found.metadata.name), body)

    def put_mcs(self, wanted: MultiClusterService) -> None:
        """Write the MultiClusterService, status included."""
        self.hub.put(MCS, msgspec.json.decode(MULTI_CLUSTER_SERVICES.encode(wanted)))

    async def sync(self) -> None:
        """Do what a controller would do now, status included."""
        facts = await self.see()
        for name, seen in facts.seen.items():
            changes = plan(seen.view)
            for change in (*changes.create, *changes.update):
                self.place(name, change.slice)
            for change in changes.delete:
                self.clusters[name].remove(SLICES.path(SERVICE2.namespace, change.name))
        facts = await self.see()
        assert facts.mcs
        self.put_mcs(replace(facts.mcs, status=fresh(facts)))

    def say(self, *rows: ClusterStatus, condition: Condition | None = None) -> None:
        """Let the status say something else of some clusters."""
        wanted = self.mcs
        assert wanted.status
        said = {row.name: row for row in (*wanted.status.clusters, *rows)}
        conditions = (condition,) if condition else wanted.status.conditions
        status = replace(wanted.status, clusters=tuple(said.values()), conditions=conditions)
        self.put_mcs(replace(wanted, status=status))

    @property
    def mcs(self) -> MultiClusterService:
        """As the hub has it."""
        return MULTI_CLUSTER_SERVICES.decoder.decode(msgspec.json.encode(self.hub.objects[MCS]))

    @property
    def status(self) -> MultiClusterServiceStatus:
        """As the hub has it."""
        assert self.mcs.status
        return self.mcs.status


async def well() -> Stage:
    """Both clusters provide and consume, and have what they should."""
    hub = await fleet_hub()
    clusters = {name: cluster(name, f"https://{name}:6443") for name in (OLD, NEW)}
    stage = Stage(hub, clusters)
    for number, (name, api) in enumerate(clusters.items(), 1):
        await join_in_memory(hub, api, Wish(name, pod_cidrs=(f"10.{number}.0.0/16",)))
        api.put(NAMESPACE, {})
        api.put(SERVICE, msgspec.json.decode(SERVICES.encode(service())))
        stage.put_slice(name, f"10.{number}.0.1", f"10.{number}.0.2")
    stage.put_mcs(mcs(BOTH, BOTH))
    hub.put(LEASE, {"spec": {"holderIdentity": "host_1", "renewTime": utc_now_micro()}})
    await stage.sync()
    return stage
