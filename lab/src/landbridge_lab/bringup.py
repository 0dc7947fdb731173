"""Bringing a whole lab up: its clusters side by side, each part as soon as what it needs is there."""

import asyncio

from landbridge_lab.argocd.install import ensure_argocd
from landbridge_lab.control_plane.api import Api
from landbridge_lab.control_plane.components import ControlPlane
from landbridge_lab.control_plane.start import start_api, start_control_plane, start_controllers, write_files
from landbridge_lab.crew import Crew
from landbridge_lab.errors import LabError
from landbridge_lab.images import SANDBOX_IMAGE, Images
from landbridge_lab.network import fabric
from landbridge_lab.network.fabric import Fabric
from landbridge_lab.network.machines import Machine, ensure_machine, require_visible
from landbridge_lab.nodes import start as start_node
from landbridge_lab.nodes.cgroups import Cgroups
from landbridge_lab.nodes.dns import apply_dns, dns_serves
from landbridge_lab.nodes.node import Node
from landbridge_lab.nodes.registry import ensure_registry
from landbridge_lab.nodes.sysctls import Sysctls
from landbridge_lab.progress import Progress
from landbridge_lab.site import Site
from landbridge_lab.waiting import until


async def bring_up(site: Site, images: Images | None, progress: Progress) -> None:
    """Start what does not run, and return when all of it is ready. `images` is None where there are no nodes."""
    crew = Crew(site.processes)
    async with asyncio.TaskGroup() as group:
        if images is None:
            for control_plane in site.control_planes:
                group.create_task(_alone(control_plane, crew, progress))
        else:
            await _inside(site, crew, images, progress, group)
    _require(site, site.parts())


async def start_again(site: Site, name: str) -> None:
    """Start what does not run of one cluster's control plane, and return when it is ready; others are not touched."""
    plane = next(plane for plane in site.control_planes if plane.name == name)
    machine = site.machines().get(f"{name}/machine-1")
    if site.inside and not machine:
        raise LabError(f"{name} cannot be started again", "its machine has ended", "run `landbridge-lab up` again")
    await start_control_plane(plane, Crew(site.processes, f"{name}/"), machine)
    _require(site, {part for part in site.parts() if part.startswith(f"{name}/")})


def _require(site: Site, parts: set[str]) -> None:
    if missing := parts - site.processes.running().keys():
        log = f"look into the logs under {site.folder.root}"
        raise LabError("parts of the lab ended right after their start", ", ".join(sorted(missing)), log)


async def _alone(control_plane: ControlPlane, crew: Crew, progress: Progress) -> None:
    """A control plane on loopback ports."""
    write_files(control_plane, nodes=0)
    with progress.step(f"{control_plane.name}: control plane"):
        await start_control_plane(control_plane, crew, None)


async def _inside(site: Site, crew: Crew, images: Images, progress: Progress, group: asyncio.TaskGroup) -> None:
    """The fabric; then, side by side, the registry and the clusters."""
    require_visible(site.folder.root, site.binaries, images.sandbox)
    if site.machine_parts() - crew.parts():
        # A namespace that ended took its links along: start all processes again, on the data there is. Cgroups of pods
        # that are gone cost kubelet 3 s each.
        crew.restart()
        Cgroups(site.folder.root).remove()
    if site.record.spec.has_nodes:
        Sysctls().note(site.folder.root)
    middle = Fabric(await ensure_machine(fabric.PART, "fabric", crew, site.folder.logs / "fabric.log"))
    group.create_task(_registry(site, middle.machine, crew, images, progress))
    for control_plane in site.control_planes:
        group.create_task(_Cluster(site, control_plane, middle, crew, images, progress).start())


def _runs_argocd(site: Site, control_plane: ControlPlane) -> bool:
    """Argo CD is in the first cluster."""
    return site.record.spec.argocd and control_plane.name == site.record.spec.clusters[0].name


async def _registry(site: Site, machine: Machine, crew: Crew, images: Images, progress: Progress) -> None:
    with progress.step("registry and its images"):
        await ensure_registry(site.folder, machine, crew, images)


class _Cluster:
    """One cluster with machines of its own, on its way up."""

    def __init__(
        self, site: Site, control_plane: ControlPlane, middle: Fabric, crew: Crew, images: Images, progress: Progress
    ) -> None:
        self._control_plane, self._fabric, self._crew = control_plane, middle, crew
        self._images, self._progress = images, progress
        self._count = site.nodes(control_plane.name)
        self._argocd = _runs_argocd(site, control_plane)
        self._folder = site.folder
        self._cgroups = Cgroups(site.folder.root)
        self._nodes = [
            Node(control_plane, number, self._cgroups.node(control_plane.node_name(number)), SANDBOX_IMAGE)
            for number in range(1, self._count + 1)
        ]

    async def start(self) -> None:
        name = self._control_plane.name
        write_files(self._control_plane, self._count)
        machines = await self._machines()
        async with Api(self._control_plane) as api:
            with self._progress.step(f"{name}: control plane"):
                async with asyncio.TaskGroup() as group:
                    group.create_task(start_api(self._control_plane, self._crew, api, machines[0]))
                    for node, machine in zip(self._nodes, machines, strict=False):
                        group.create_task(self._runtime(node, machine))
            await start_controllers(self._control_plane, self._crew, machines[0])
            if self._nodes:
                with self._progress.step(f"{name}: nodes and DNS"):
                    await self._agents(api, machines)
            if self._argocd:
                with self._progress.step(f"{name}: Argo CD"):
                    await ensure_argocd(self._control_plane, self._folder)

    async def _machines(self) -> list[Machine]:
        """The machines, linked to the fabric: one for the control plane, which is the first node, too; more nodes."""
        plane, total = self._control_plane, max(1, self._count)
        await self._fabric.add_bridge(plane.addresses)
        await self._fabric.heal(plane.addresses)
        machines = []
        for number in range(1, total + 1):
            hostname = plane.node_name(number) if self._nodes else plane.name
            log = plane.files.logs / f"machine-{number}.log"
            machine = await ensure_machine(f"{plane.name}/machine-{number}", hostname, self._crew, log)
            await self._fabric.plug_in(machine, plane.addresses, number, total)
            machines.append(machine)
        return machines

    async def _runtime(self, node: Node, machine: Machine) -> None:
        self._cgroups.make(node.name)
        start_node.write_files(node)
        images = (self._images.sandbox, self._images.coredns, *(self._images.argocd if self._argocd else ()))
        await start_node.start_runtime(node, machine, self._crew, images)

    async def _agents(self, api: Api, machines: list[Machine]) -> None:
        addresses = self._control_plane.addresses
        async with asyncio.TaskGroup() as group:
            for node, machine in zip(self._nodes, machines, strict=True):
                group.create_task(start_node.start_agents(node, machine, self._crew, api))
            await apply_dns(api, addresses)

        async def usable() -> bool:
            return await dns_serves(api, machines[0], addresses) and bool(
                await api.get("api/v1/namespaces/default/serviceaccounts/default")
            )

        await until(f"DNS of {self._control_plane.name}", usable)
