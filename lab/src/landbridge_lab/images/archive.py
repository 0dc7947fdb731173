"""Write an image as a docker-archive tar: the same content always gives the same bytes."""

import hashlib
import io
import json
import platform
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from landbridge_lab.images.tree import File, Link, Tree

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CHUNK = 1 << 20


@dataclass(frozen=True)
class Image:
    """What a recipe gives: a name, layers from the bottom up, and how to start it."""

    name: str
    layers: Sequence[Tree]
    entrypoint: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""

    def key(self) -> str:
        """Digest what determines the archive, without reading the machine's files."""
        digest = hashlib.sha256(repr((self.name, self.entrypoint, self.environment, self.user)).encode())
        for layer in self.layers:
            digest.update(b"layer\n")
            for path, entry in sorted(layer.items()):
                digest.update(f"{path} {entry.key()}\n".encode())
        return digest.hexdigest()


def write_archive(image: Image, path: Path) -> None:
    """Write the image's archive to a new file."""
    with path.open("wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
        layers = [_add_layer(archive, layer) for layer in image.layers]
        config = json.dumps(_config(image, layers), sort_keys=True).encode()
        config_name = f"{hashlib.sha256(config).hexdigest()}.json"
        names = [f"{layer}.tar" for layer in layers]
        manifest = json.dumps([{"Config": config_name, "RepoTags": [image.name], "Layers": names}]).encode()
        _add_bytes(archive, config_name, config)
        _add_bytes(archive, "manifest.json", manifest)


def _config(image: Image, layers: list[str]) -> dict[str, object]:
    return {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": {
            "Entrypoint": list(image.entrypoint),
            "Env": [f"{name}={value}" for name, value in {"PATH": "/usr/bin", **image.environment}.items()],
            "User": image.user,
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}" for layer in layers]},
        "history": [{"created_by": "landbridge-lab"} for _ in layers],
    }


def _add_layer(archive: tarfile.TarFile, tree: Tree) -> str:
    """Add a layer under the name of its digest, which is known only when it is written: hence the scratch file."""
    with tempfile.TemporaryFile() as scratch:
        with tarfile.open(fileobj=scratch, mode="w") as layer:
            _write_tree(layer, tree)
        digest = _digest(scratch)
        member = tarfile.TarInfo(f"{digest}.tar")
        member.size = scratch.tell()
        scratch.seek(0)
        archive.addfile(member, scratch)
    return digest


def _write_tree(layer: tarfile.TarFile, tree: Tree) -> None:
    for folder in sorted({parent for path in tree for parent in PurePosixPath(path).parents} - {PurePosixPath(".")}):
        _add_folder(layer, str(folder))
    for path, entry in sorted(tree.items()):
        match entry:
            case Link(target):
                _add_link(layer, path, target)
            case File(bytes() as data, mode):
                _add_bytes(layer, path, data, mode)
            case File(Path() as source, mode):
                with source.open("rb") as content:
                    _add_file(layer, path, content, source.stat().st_size, mode)


def _add_folder(tar: tarfile.TarFile, name: str) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    tar.addfile(member)


def _add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    tar.addfile(member)


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes, mode: int = 0o644) -> None:
    _add_file(tar, name, io.BytesIO(data), len(data), mode)


def _add_file(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode
    tar.addfile(member, content)


def _digest(file: IO[bytes]) -> str:
    """Digest a file from its start; leaves the position at its end."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
