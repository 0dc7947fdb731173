"""Files that a person names, read without trust in what they are: bounded in size, and in time."""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path

MOST = 8 << 20
"""Bytes: a kubeconfig of a thousand clusters with their certificates has 6 MiB."""

PATIENCE = 10.0
"""Seconds for a pipe, as of ``--kubeconfig <(command)``, to say all."""


def read(path: Path) -> bytes:
    """What is in a file, or comes out of a pipe.

    Raises:
        OSError: It cannot be read, is too large, or does not end; ``strerror`` says which.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:
        raise OSError(errno.EINVAL, "there is a null character in its name") from error
    try:
        endless = not stat.S_ISREG(os.fstat(descriptor).st_mode)
        return _read(descriptor, time.monotonic() + PATIENCE if endless else None)
    finally:
        os.close(descriptor)


def _read(descriptor: int, end: float | None) -> bytes:
    data = bytearray()
    while len(data) <= MOST:
        if end is not None:
            _wait(descriptor, end)
        part = os.read(descriptor, 1 << 16)
        if not part:
            return bytes(data)
        data += part
    raise OSError(errno.EFBIG, f"it is larger than {MOST >> 20} MiB")


def _wait(descriptor: int, end: float) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
        raise OSError(errno.ETIMEDOUT, f"nothing came out of it for {PATIENCE:g} seconds, and it is no file")
