"""One folder with all binaries by their names: links into the cache, or the user's own folder.

    cache/etcd/KEY/etcd              one folder per tool and key
    cache/kubernetes/KEY/kubernetes  one binary for all Kubernetes components; the name it is called by decides
    cache/bin/KEY/kube-apiserver     -> ../../kubernetes/KEY/kubernetes

A KEY of bin/ stands for the tools that a lab needs: not each needs all.

Everything is made beside and renamed: what exists is whole. A lock per tool keeps two builders apart.
"""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from landbridge_lab.binaries.toolchain import Toolchain, environment, find_toolchain, installed
from landbridge_lab.binaries.tools import Tool, tools_for
from landbridge_lab.commands import run
from landbridge_lab.errors import LabError, MachineLacksError
from landbridge_lab.locks import held, locked
from landbridge_lab.progress import Progress


async def binaries_folder(cache: Path, own: Path | None, needed: Sequence[str], progress: Progress) -> Path:
    """The folder that holds the `needed` binaries: `own` (checked) if given, else built where the cache lacks them."""
    if own is not None:
        return _checked(own, needed)
    toolchain, tools = await find_toolchain(), tools_for(needed)
    folder = cache / "bin" / _joint_key(tools, toolchain)
    if not all((folder / name).exists() for tool in tools for name in tool.names):
        built = [(tool, await _built(tool, toolchain, cache, progress)) for tool in tools]
        _link(folder, built)
    return folder


def _checked(own: Path, needed: Sequence[str]) -> Path:
    missing = [name for name in needed if not os.access(own / name, os.R_OK if "." in name else os.X_OK)]
    if missing:
        raise MachineLacksError(
            f"{own} lacks {', '.join(missing)}",
            "--bin-dir (or LANDBRIDGE_LAB_BIN_DIR) must hold all binaries, executable and by these names",
            "add them, or leave the option away and the lab builds its own",
        )
    return own.resolve()


async def _built(tool: Tool, toolchain: Toolchain, cache: Path, progress: Progress) -> Path:
    """Folder of the tool's binary and files, after building it if the cache has none."""
    folder = cache / tool.name / tool.key(toolchain.version)
    async with held(cache / tool.name, progress):
        if not folder.exists():
            for leftover in folder.parent.glob("*.new"):
                shutil.rmtree(leftover)
            with progress.step(f"Building {tool.name} {tool.version} ({tool.takes})", long=True):
                await _build(tool, await installed(toolchain, cache, progress), folder)
    return folder


async def _build(tool: Tool, go: Path, folder: Path) -> None:
    beside = folder.with_name(f"{folder.name}.{os.getpid()}.new")
    beside.mkdir(parents=True)
    try:
        await run(tool.build_command(go, beside / tool.name), cwd=tool.module, env=environment())
        for file in tool.files:
            shutil.copyfile(await _sources(tool, go) / file, beside / Path(file).name)
    except LabError as error:
        remedy = (
            "is the Go module proxy reachable? `landbridge-lab build` tries again; --bin-dir takes binaries of yours"
        )
        raise LabError(f"{tool.name} {tool.version} could not be built", error.why or error.what, remedy) from error
    beside.rename(folder)


async def _sources(tool: Tool, go: Path) -> Path:
    """Where Go keeps the module that the tool is built from."""
    said = await run([go, "list", "-m", "-f", "{{.Dir}}", tool.source], cwd=tool.module, env=environment())
    return Path(said.strip())


def _link(folder: Path, built: Sequence[tuple[Tool, Path]]) -> None:
    with locked(folder.parent):
        beside = folder.with_name(folder.name + ".new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        for tool, made in built:
            for name in tool.names:
                target = made / (tool.name if name in tool.links else name)
                (beside / name).symlink_to(Path(os.path.relpath(target, folder)))
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)


def _joint_key(tools: Sequence[Tool], toolchain: Toolchain) -> str:
    keys = "".join(tool.key(toolchain.version) for tool in tools)
    return hashlib.sha256(keys.encode()).hexdigest()[:16]
