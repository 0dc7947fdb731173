"""Build the images into a cache folder: what is there already under its key is not built again."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from landbridge_lab.images import recipes
from landbridge_lab.images.archive import Image, write_archive


@dataclass(frozen=True)
class Images:
    """The docker-archive tar of each image. `argocd`: those that Argo CD runs from; none where it is not asked for."""

    sandbox: Path
    coredns: Path
    web_demo: Path
    curl: Path
    argocd: tuple[Path, ...] = ()

    @property
    def pulled(self) -> dict[str, Path]:
        """Give the images that pods pull from the lab's registry, by name."""
        return {recipes.WEB_DEMO_IMAGE: self.web_demo, recipes.CURL_IMAGE: self.curl}


async def build_images(cache_dir: Path, binaries: Path, argocd: bool = False) -> Images:
    """Build whatever is not in the cache yet, given the folder of the lab's binaries."""
    sought = [recipes.sandbox(), recipes.web_demo(), recipes.curl()]
    if argocd:
        sought += [recipes.argocd(binaries), recipes.redis()]
    box, demo, client, *others = await asyncio.gather(*sought)
    images = [box, recipes.coredns(binaries / "coredns"), demo, client, *others]
    sandbox, coredns, web_demo, curl, *more = [await asyncio.to_thread(cached, cache_dir, image) for image in images]
    return Images(sandbox, coredns, web_demo, curl, tuple(more))


def cached(cache_dir: Path, image: Image) -> Path:
    """Give the image's archive. A half-written one never carries its name: it is built beside, then renamed."""
    path = cache_dir / f"{_short_name(image)}-{image.key()[:16]}.tar"
    if not path.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir, prefix=".building-") as folder:
            scratch = Path(folder) / path.name
            write_archive(image, scratch)
            scratch.rename(path)
    return path


def _short_name(image: Image) -> str:
    return image.name.rpartition("/")[2].partition(":")[0]
