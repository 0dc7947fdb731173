"""Whether a controller works for a hub: its Lease says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from landbridge.api.coordination import LEASES, LeaseSpec
from landbridge.api.names import LEASE, SYSTEM_NAMESPACE
from landbridge.checks.facts import Controller
from landbridge.kube.api import Api
from landbridge.kube.errors import ForbiddenError, NotFoundError
from landbridge.telemetry.text import shown

STALE = 60.0
"""Seconds without renewal after which a controller counts as gone; clocks of machines differ by less."""


async def read_controller(hub: Api, now: Callable[[], float] = time.time) -> Controller:
    """Look at the Lease.

    Raises:
        KubeError: The hub gave no answer.
    """
    try:
        spec = (await hub.get(LEASES, LEASE, SYSTEM_NAMESPACE)).spec
    except NotFoundError:
        return Controller("None", "no controller has run for this hub yet; start `landbridge controller`")
    except ForbiddenError as error:
        return Controller("NotSeen", f"whether a controller is at work cannot be seen: {shown(str(error))}")
    return _controller(spec, now())


def _controller(spec: LeaseSpec, now: float) -> Controller:
    seen, holder = shown(spec.renew_time or ""), shown(spec.holder_identity or "")
    if not holder:
        return Controller("Stopped", "the last controller has stopped; start `landbridge controller`", seen)
    age = now - _timestamp(seen, now - STALE)
    if age >= STALE:
        return Controller("Silent", f"controller {holder} was last seen {age:.0f} s ago; start it again", seen)
    return Controller("AtWork", f"controller {holder} is at work", seen)


def _timestamp(text: str, unknown: float) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return unknown
