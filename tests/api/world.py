"""A fleet at work: three real API servers, joined as a person joins them, and the real controller."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from landbridge_lab import Cluster, Lab

from landbridge.api.core import SECRETS
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import SYSTEM_NAMESPACE
from landbridge.enroll.admission import Wish
from landbridge.enroll.init import init
from landbridge.enroll.join import join
from landbridge.enroll.leave import leave
from landbridge.enroll.sweep import aim, look, sweep
from landbridge.fleet.cluster import PREFIX, encode
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig, load
from tests.api.audit import AuditLog
from tests.api.controller_process import ControllerProcess
from tests.silence import silent

HUB, OLD, NEW = "fleet", "oldcluster", "newcluster"
CLUSTERS = (HUB, OLD, NEW)
PODS6 = {name: f"fd00:10:{number}::/64" for number, name in enumerate(CLUSTERS)}
"""Pod networks of IPv6: declared alone, for slices that are written by hand."""


@dataclass(frozen=True)
class World:
    """The clusters as their admin sees them, past the forwarder, so that a cut hides them from the controller alone."""

    lab: Lab
    admins: Mapping[str, Api]
    controller: ControllerProcess
    by_forwarder: bool = True
    """Whether the controller goes through the forwarder, which can cut, freeze and delay."""
    servers: Mapping[str, str] = field(default_factory=dict)
    """Other addresses of members for the controller, by name."""

    @property
    def hub(self) -> Api:
        """The hub."""
        return self.admins[HUB]

    def cluster(self, name: str) -> Cluster:
        """A cluster of the lab."""
        return self.lab.clusters[name]

    def audit(self, name: str) -> AuditLog:
        """What the controller asked of a cluster."""
        return AuditLog(self.cluster(name).audit_log)

    async def init(self) -> None:
        """``landbridge fleet init``."""
        config = load(HUB, self.lab.kubeconfig)
        if not self.by_forwarder:
            config = replace(config, server=self.cluster(HUB).direct_server)
        await init(self.hub, config, self.controller.kubeconfig, silent)

    async def join(self, name: str, *namespaces: str, imports: tuple[str, ...] = ()) -> None:
        """``landbridge fleet join``; all namespaces are allowed unless some are named.

        ``imports`` are the networks that may be imported from there.
        """
        cluster = self.cluster(name)
        server = self.servers.get(name) or (cluster.server if self.by_forwarder else cluster.direct_server)
        wish = Wish(
            name,
            server,
            (cluster.pod_cidr, PODS6[name]),
            frozenset(namespaces),
            all_namespaces=not namespaces,
            import_cidrs=imports,
        )
        await join(self.hub, self.admins[name], load(name, self.lab.kubeconfig), wish, silent)

    async def readdress(self, name: str, server: str) -> None:
        """Say on the hub that the controller reaches a member at another address."""
        meta = ObjectMeta(f"{PREFIX}{name}", SYSTEM_NAMESPACE)
        await self.hub.merge_patch(SECRETS, meta, {"data": {"server": encode(server)}})

    async def sweep(self, name: str) -> None:
        """``landbridge fleet sweep``."""
        target = await aim(self.hub, self.admins[name], name, "")
        await sweep(target, await look(target), silent)

    async def leave(self, name: str) -> None:
        """``landbridge fleet leave``."""
        await leave(self.hub, self.admins[name], name, silent)


@asynccontextmanager
async def fleet_at_work(lab: Lab, folder: Path) -> AsyncGenerator[World]:
    """Make the hub, join all clusters (the hub too), run the controller; ``folder`` gets its kubeconfig and log."""
    controller = ControllerProcess(folder / "controller.kubeconfig", folder / "controller.log")
    async with seen_by_admins(lab) as admins:
        world = World(lab, admins, controller)
        async with at_work(world, CLUSTERS):
            yield world


@asynccontextmanager
async def seen_by_admins(lab: Lab) -> AsyncGenerator[Mapping[str, Api]]:
    """All clusters, past their forwarders."""
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(Api(_direct(lab, name))) for name in CLUSTERS}


@asynccontextmanager
async def at_work(world: World, members: Iterable[str]) -> AsyncGenerator[None]:
    """Make the hub, join some clusters, and run the controller while the body runs."""
    await world.init()
    for name in members:
        await world.join(name)
    try:
        await world.controller.start()
        yield
    finally:
        await world.controller.end()


def _direct(lab: Lab, name: str) -> ServerConfig:
    return replace(load(name, lab.kubeconfig), server=lab.clusters[name].direct_server)
