"""The shared libraries that a Debian program needs, found by asking the dynamic loader itself (`ldd`)."""

import asyncio
import os
import re
from collections.abc import Iterable
from pathlib import Path

from landbridge_lab.commands import run
from landbridge_lab.errors import LabError
from landbridge_lab.images.tree import File, Tree, program

# "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x...)", or the loader: "/lib64/ld-linux-x86-64.so.2 (0x...)"
LIBRARY = re.compile(r"(/\S+) \(0x")
STATIC = "not a dynamic executable"


def place(path: Path) -> str:
    """Where a file lies in the image: its folder with links resolved (/lib is /usr/lib), its own name as asked for."""
    return str(path.parent.resolve() / path.name).lstrip("/")


async def libraries(files: Iterable[Path]) -> Tree:
    """Collect the libraries of these programs and extension modules, the dynamic loader among them."""
    said = await asyncio.gather(*(_ldd(file) for file in files))
    found = sorted({name for text in said for name in LIBRARY.findall(text)})
    return {place(Path(name)): File(Path(name), 0o755) for name in found}


async def programs(*paths: str) -> Tree:
    """Take Debian programs together with their libraries."""
    taken: Tree = {place(Path(path)): program(Path(path)) for path in paths}
    return await libraries(Path(path) for path in paths) | taken


async def _ldd(file: Path) -> str:
    """Ask for one file's libraries; of a static program, which has none, ldd says so and fails."""
    try:
        return await run(["ldd", file], env=os.environ | {"LC_ALL": "C"})
    except LabError as error:
        if STATIC in error.why:
            return ""
        raise
