"""What of a lab runs, and what does not."""

from enum import StrEnum
from pathlib import Path

import msgspec

from landbridge_lab.errors import LabError
from landbridge_lab.forwarding import command
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
    """One cluster: its address, how many nodes, the parts that run, and what its forwarder does (open, cut, ...)."""

    name: str
    server: str
    nodes: int
    parts: list[str]
    api: str


class LabStatus(msgspec.Struct, frozen=True):
    """A lab: its state, its folder, its clusters."""

    name: str
    state: State
    folder: str
    control_plane_only: bool = False
    clusters: list[ClusterStatus] = []
    missing: list[str] = []


async def look(folder: LabDir) -> LabStatus:
    """Look at a lab without changing it."""
    record = read_record(folder)
    running = Processes(folder.root).running()
    name = folder.root.name
    if not record:
        return LabStatus(name, State.PARTIAL if running else State.DOWN, str(folder.root))
    site = Site(folder, record, folder.root)
    missing = site.missing_parts()
    state = State.UP if record.complete and not missing else State.PARTIAL
    clusters = []
    for plane in site.control_planes:
        prefix = f"{plane.name}/"
        parts = sorted(part.removeprefix(prefix) for part in running if part.startswith(prefix))
        api = await _forwarder_mode(plane.files.forwarder)
        clusters.append(ClusterStatus(plane.name, plane.forwarded_url, site.nodes(plane.name), parts, api))
    return LabStatus(name, state, str(folder.root), record.spec.control_plane_only, clusters, missing)


async def _forwarder_mode(control: Path) -> str:
    try:
        return (await command(control, "status")).mode
    except LabError:
        return "unreachable"
