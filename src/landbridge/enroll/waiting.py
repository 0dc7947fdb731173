"""Waiting for what others do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from landbridge.fleet.refusal import TimedOutError

POLL = 0.5
"""Seconds between two looks."""


async def until(
    done: Callable[[], Awaitable[bool]], timeout: float, late: Callable[[], str], *, every: float = POLL
) -> None:
    """Look until it is done.

    Raises:
        TimedOutError: It is not, after ``timeout`` seconds; its text is what ``late`` then says.
    """
    try:
        async with asyncio.timeout(timeout):
            while True:
                if await done():
                    return
                await asyncio.sleep(every)
    except TimeoutError:
        raise TimedOutError(late()) from None
