"""pytest in a fork of a process that has imported all but our own code, which is most of what a short test costs."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp.web
import cyclopts
import hypothesis
import looptime
import msgspec
import prometheus_client
import pytest
import pytest_asyncio
import rich.table
import structlog
import yaml

from tests.guards.guard import ROOT

IMPORTED_ONCE = (
    aiohttp.web,
    cyclopts,
    hypothesis,
    looptime,
    msgspec,
    prometheus_client,
    pytest_asyncio,
    rich.table,
    structlog,
    yaml,
)
"""What is not named here is imported again by every test that needs it: slower, but no less right."""

DIED = -1
"""Instead of an exit code: the process ended, and pytest had not."""

HANGS = 300.0
"""Seconds after which a process that has not ended is killed: pytest's own limit does not hold for what tears down."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


def run(tests: Sequence[str], folder: Path, *, write_bytecode: bool, seconds: int) -> tuple[int, str]:
    """pytest's exit code and output in a copy of the source, of which nothing is imported yet.

    ``seconds`` is how long a test may take; one that takes longer fails.
    """
    output = folder / "output"
    output.unlink(missing_ok=True)
    receiver, sender = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_run, args=(tests, folder, output, write_bytecode, seconds, sender))
    process.start()
    sender.close()
    try:
        code: int = receiver.recv() if receiver.poll(HANGS) else DIED
    except EOFError:
        code = DIED
    if code == DIED:
        process.kill()
    process.join()
    return code, output.read_text() if output.exists() else ""


def _run(
    tests: Sequence[str], folder: Path, output: Path, write_bytecode: bool, seconds: int, sender: Connection
) -> None:
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    source = str(folder / "src")
    os.chdir(folder)
    os.environ |= {"PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = not write_bytecode
    sys.path[:] = [source, *(entry for entry in sys.path if entry != str(ROOT))]
    # Assertions that explain themselves would be compiled anew each time, and need plugins that are not imported yet.
    without = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--assert=plain")
    gc.freeze()  # pytest collects garbage ten times as it ends; what was there before the fork is none
    sender.send(int(pytest.main(["-q", "-x", f"--timeout={seconds}", *without, *tests])))
