"""What of a lab runs, and what does not."""

from enum import StrEnum

import msgspec

from landbridge_lab.control_plane.components import ControlPlane
from landbridge_lab.errors import LabError
from landbridge_lab.network.fabric import find_fabric
from landbridge_lab.network.forwarding import command
from landbridge_lab.paths import LabDir
from landbridge_lab.processes import Processes
from landbridge_lab.record import read_record
from landbridge_lab.site import Site


class State(StrEnum):
    """UP: all parts run. PARTIAL: some are missing, or the start was interrupted. DOWN: nothing there."""

    UP = "up"
    PARTIAL = "partial"
    DOWN = "down"


class ClusterStatus(msgspec.Struct, frozen=True):
    """One cluster: its address, how many nodes, the parts that run.

    `inits` are the process ids of its machines' inits: `nsenter --all --target PID` enters one.
    `api` is what its forwarder does (open, cut, freeze, delay, unreachable); `pods` is open, cut, or "" without nodes.
    """

    name: str
    server: str
    nodes: int
    running: list[str]
    inits: list[int]
    api: str
    pods: str


class LabStatus(msgspec.Struct, frozen=True):
    """A lab: its state, its folder, its clusters, and the parts that should run and do not."""

    name: str
    state: State
    folder: str
    control_plane_only: bool = False
    clusters: list[ClusterStatus] = []
    missing: list[str] = []


async def look(folder: LabDir) -> LabStatus:
    """Look at a lab without changing it."""
    record = read_record(folder)
    name = folder.root.name
    if not record:
        state = State.PARTIAL if Processes(folder.root).all() else State.DOWN
        return LabStatus(name, state, str(folder.root))
    site = Site(folder, record, folder.root)
    running, missing = set(site.processes.running()), site.missing_parts()
    state = State.UP if record.complete and not missing else State.PARTIAL
    clusters = [await _look_at(site, plane, running) for plane in site.control_planes]
    return LabStatus(name, state, str(folder.root), record.spec.control_plane_only, clusters, missing)


async def _look_at(site: Site, plane: ControlPlane, running: set[str]) -> ClusterStatus:
    prefix, nodes, machines = f"{plane.name}/", site.nodes(plane.name), site.machines()
    return ClusterStatus(
        plane.name,
        plane.forwarded_url,
        nodes,
        running=sorted(part.removeprefix(prefix) for part in running if part.startswith(prefix)),
        inits=[machine.init for part, machine in sorted(machines.items()) if part.startswith(prefix)],
        api=await _api_mode(plane),
        pods=await _pods_mode(site, plane) if nodes else "",
    )


async def _api_mode(plane: ControlPlane) -> str:
    try:
        return (await command(plane.files.forwarder, "status")).mode
    except LabError:
        return "unreachable"


async def _pods_mode(site: Site, plane: ControlPlane) -> str:
    try:
        return "cut" if await find_fabric(site.machines()).is_cut(plane.addresses) else "open"
    except LabError:
        return "unreachable"
