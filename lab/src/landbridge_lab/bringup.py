"""Bringing a whole lab up: its clusters side by side."""

import asyncio

from landbridge_lab.api import Api
from landbridge_lab.controlplane import ControlPlane
from landbridge_lab.crew import Crew
from landbridge_lab.progress import Progress
from landbridge_lab.site import Site
from landbridge_lab.start_control_plane import start_api, start_controllers, write_files


async def bring_up(site: Site, progress: Progress) -> None:
    """Start what does not run, and return when all of it is ready."""
    crew = Crew(site.processes)
    async with asyncio.TaskGroup() as group:
        for control_plane in site.control_planes:
            group.create_task(_control_plane_alone(control_plane, crew, progress))


async def _control_plane_alone(control_plane: ControlPlane, crew: Crew, progress: Progress) -> None:
    write_files(control_plane, nodes=0)
    async with Api(control_plane) as api:
        with progress.step(f"{control_plane.name}: control plane"):
            await start_api(control_plane, crew, api, [], None)
            await start_controllers(control_plane, crew, [])
