from __future__ import annotations

import asyncio


class Clock:
    """The loop's time, which a test can push forward: whatever was due by then runs at once.

    Unlike looptime it leaves time alone while bytes are on their way through a real socket.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._real = loop.time
        self._ahead = 0.0

    def __call__(self) -> float:
        return self._real() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds
