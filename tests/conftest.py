"""For all tests."""

from __future__ import annotations

import asyncio


def pytest_configure() -> None:
    """Have no loop until a test asks for one: looptime would make one for each that has none, and not close it."""
    asyncio.set_event_loop(None)
