"""Debian's Python, cut down to the modules that one application loads."""

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from landbridge_lab.commands import run
from landbridge_lab.images.libraries import place
from landbridge_lab.images.tree import File, Tree, program

DEBIAN_PYTHON = "/usr/bin/python3"

# What the standard library imports only when it is there. Left out, it saves megabytes and start-up time.
OPTIONAL = ("bz2", "lzma", "ssl", "zlib")

# Loaded by name at run time, so not seen by importing the application.
HIDDEN = ("encodings.idna", "runpy")

# Runs in Debian's Python, not in this one: imports the application there and tells which files that took.
PROBE = """
import importlib, json, os, sys
optional, names, path = json.loads(sys.argv[1])
sys.path.insert(0, path)
sys.modules.update(dict.fromkeys(optional))
for name in names:
    importlib.import_module(name)
library = os.path.dirname(os.__file__)
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(json.dumps([os.path.realpath(sys.executable), [f for f in files if f and f.startswith(library + "/")]]))
"""


@dataclass(frozen=True)
class Interpreter:
    """The interpreter's place, its files in the image, and those of them that need shared libraries."""

    program: Path
    tree: Tree
    binaries: list[Path]


async def interpreter(folder: Path, *modules: str) -> Interpreter:
    """Collect what these modules, importable from the folder, need of Debian's Python."""
    question = json.dumps([OPTIONAL, [*modules, *HIDDEN], str(folder)])
    executable, names = json.loads(await run([DEBIAN_PYTHON, "-I", "-S", "-B", "-c", PROBE, question]))
    files = sorted({Path(name) for name in names})
    tree: Tree = {place(Path(executable)): program(Path(executable))}
    tree |= dict(_module(file) for file in files)
    extensions = [file for file in files if file.suffix == ".so"]
    return Interpreter(Path(executable), tree, [Path(executable), *extensions])


def _module(file: Path) -> tuple[str, File]:
    """Take a module compiled, in the source's place, where Debian has compiled it: Python then looks for no source."""
    compiled = Path(importlib.util.cache_from_source(str(file))) if file.suffix == ".py" else file
    if file.suffix == ".py" and compiled.exists():
        return place(file.with_suffix(".pyc")), File(compiled)
    return place(file), File(file)
