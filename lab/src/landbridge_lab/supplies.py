"""What a lab is made of, from the cache or made now: binaries, and images where there are nodes."""

from dataclasses import dataclass
from pathlib import Path

from landbridge_lab.binaries import binaries_folder
from landbridge_lab.binaries.tools import CONTROL_PLANE, NODES
from landbridge_lab.images import Images, build_images
from landbridge_lab.nodes.packages import ensure_packages, require_root
from landbridge_lab.paths import cache_home
from landbridge_lab.progress import Progress


@dataclass(frozen=True)
class Supplies:
    """`binaries`: a folder with all of them by name. `images`: None for a control-plane-only lab."""

    binaries: Path
    images: Images | None = None


async def get_supplies(control_plane_only: bool, own_binaries: Path | None, progress: Progress) -> Supplies:
    """Find everything, installing and building what is missing."""
    cache = cache_home()
    if control_plane_only:
        return Supplies(await binaries_folder(cache, own_binaries, CONTROL_PLANE, progress))
    require_root()
    await ensure_packages(progress)
    binaries = await binaries_folder(cache, own_binaries, CONTROL_PLANE + NODES, progress)
    with progress.step("images"):
        images = await build_images(cache / "images", binaries / "coredns")
    return Supplies(binaries, images)
