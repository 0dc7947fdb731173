"""Folders as locks: one command at a time changes a lab or builds a tool.

The kernel lets go of a lock when its holder ends, however it ends. A folder may be removed by who holds it (`down`
does); who waited for it then makes it anew.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import sleep

from landbridge_lab.errors import RefusedError
from landbridge_lab.progress import Progress

_BETWEEN_TRIES = 0.05


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` (made if missing) for a moment; blocks while another process does."""
    while (descriptor := _try(folder)) is None:
        sleep(_BETWEEN_TRIES)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def held_or_refused(folder: Path, refusal: RefusedError) -> Iterator[None]:
    """Hold `folder` (made if missing); raises `refusal` while another does."""
    if (descriptor := _try(folder)) is None:
        raise refusal
    try:
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def held(folder: Path, progress: Progress) -> AsyncIterator[None]:
    """Hold `folder` (made if missing) over something long; tells when it has to wait."""
    descriptor = _try(folder)
    if descriptor is None:
        with progress.step(f"Waiting for another landbridge-lab that is at work in {folder}", long=True):
            descriptor = await _when_free(folder)
    try:
        yield
    finally:
        os.close(descriptor)


async def _when_free(folder: Path) -> int:
    while True:
        await asyncio.sleep(_BETWEEN_TRIES)
        if (descriptor := _try(folder)) is not None:
            return descriptor


def _try(folder: Path) -> int | None:
    """A descriptor that holds the folder, or None while another holds it or has just removed it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder.exists() and os.fstat(descriptor).st_ino == folder.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
