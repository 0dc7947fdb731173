"""The lab's registry: in the fabric's namespace, at every cluster's gateway address."""

from landbridge_lab import images
from landbridge_lab.crew import Crew
from landbridge_lab.network.machines import Machine
from landbridge_lab.nodes.node import REGISTRY_PORT
from landbridge_lab.paths import LabDir

PART = "fabric/registry"
PUSH = "fabric/push"


async def ensure_registry(folder: LabDir, fabric: Machine, crew: Crew, archives: images.Images) -> None:
    """Serve the images that pods pull; returns when they can."""
    fresh = not crew.has(PART)
    folder.registry.mkdir(exist_ok=True)
    config = folder.registry / "config.json"
    images.write_config(config, f":{REGISTRY_PORT}", folder.registry / "storage")
    await crew.ensure(PART, [*fabric.enter, *images.serve_command(config)], folder.logs / "registry.log")
    if fresh:
        await images.push(
            archives, f"127.0.0.1:{REGISTRY_PORT}", [*crew.processes.marking(PUSH), *fabric.enter_network]
        )
