"""Waiting for what a controller will do: the one place where tests on this level poll, always with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 15.0
"""Seconds that nothing should need, even on a busy machine."""

PAUSE = 0.02


async def eventually(
    read: Callable[[], Awaitable[T]],
    accepts: Callable[[T], object],
    deadline: float = DEADLINE,
    pause: float = PAUSE,
) -> T:
    """Read until what is read is accepted; gives it, or fails with the last that was read."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    while not accepts(value := await read()):
        if loop.time() > end:
            raise AssertionError(f"not so within {deadline:g} s; last seen: {value!r}")
        await asyncio.sleep(pause)
    return value
