"""Whether a controller works for this hub: its Lease says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from landbridge.api.coordination import LEASES
from landbridge.api.names import LEASE, SYSTEM_NAMESPACE
from landbridge.kube.api import Api
from landbridge.kube.errors import NotFoundError

STALE = 60.0
"""Seconds without renewal after which a controller counts as gone; clocks of machines differ by less."""


async def controller_state(hub: Api, now: Callable[[], float] = time.time) -> str:
    """A sentence for a person: is a controller at work, and if not, what to do."""
    try:
        spec = (await hub.get(LEASES, LEASE, SYSTEM_NAMESPACE)).spec
    except NotFoundError:
        return "no controller has run for this hub yet; start `landbridge controller`."
    if not spec.holder_identity:
        return "the last controller has stopped; start `landbridge controller`."
    age = now() - datetime.fromisoformat(spec.renew_time).timestamp() if spec.renew_time else STALE
    if age >= STALE:
        return f"controller {spec.holder_identity} was last seen {age:.0f} s ago; start it again."
    return f"controller {spec.holder_identity} is at work; its log says what holds it up."
