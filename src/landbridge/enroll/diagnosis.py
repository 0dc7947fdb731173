"""Whether a controller works for this hub, for who waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable

from landbridge.checks.controller import read_controller
from landbridge.kube.api import Api


async def controller_state(hub: Api, now: Callable[[], float] = time.time) -> str:
    """A sentence for a person: is a controller at work, and if not, what to do."""
    found = await read_controller(hub, now)
    return f"{found.text}; its log says what holds it up." if found.at_work else f"{found.text}."
