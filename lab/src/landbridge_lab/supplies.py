"""What a lab is made of, from the cache or made now: binaries, and images where there are nodes."""

from dataclasses import dataclass
from pathlib import Path

from landbridge_lab.binaries import binaries_folder
from landbridge_lab.binaries.tools import ARGOCD, CONTROL_PLANE, NODES
from landbridge_lab.images import Images, build_images
from landbridge_lab.nodes.packages import ensure_packages, require_root
from landbridge_lab.paths import cache_home
from landbridge_lab.progress import Progress
from landbridge_lab.spec import LabSpec


@dataclass(frozen=True)
class Supplies:
    """`binaries`: a folder with all of them by name. `images`: None for a control-plane-only lab."""

    binaries: Path
    images: Images | None = None


async def get_supplies(spec: LabSpec, own_binaries: Path | None, progress: Progress) -> Supplies:
    """Find everything that the lab needs, installing and building what is missing."""
    cache = cache_home()
    if spec.control_plane_only:
        return Supplies(await binaries_folder(cache, own_binaries, CONTROL_PLANE, progress))
    require_root()
    await ensure_packages(progress, spec.argocd)
    needed = CONTROL_PLANE + NODES + (ARGOCD if spec.argocd else ())
    binaries = await binaries_folder(cache, own_binaries, needed, progress)
    with progress.step("images"):
        images = await build_images(cache / "images", binaries, spec.argocd)
    return Supplies(binaries, images)
