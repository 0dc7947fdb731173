"""What keeps the trouble of one cluster from the others (rule S15)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from landbridge.kube.backoff import Backoff
from landbridge.telemetry.metrics import ENGAGEMENT_FAILURES

STEADY = 60.0
"""Seconds of life after which a failure counts as the first one again."""

log = structlog.get_logger()


async def contain(
    cluster: str,
    life: Callable[[], Awaitable[None]],
    failed: Callable[[str], None],
    *,
    backoff: Callable[[], Backoff] = lambda: Backoff(1.0, 60.0),
) -> None:
    """Live the life of a cluster's engagement again and again, until cancelled.

    Whatever ends it, also what nobody foresaw, ends it alone: that is logged with its traceback, counted, said to
    ``failed`` in one line, and tried again after a growing pause.
    """
    loop = asyncio.get_running_loop()
    pauses = backoff()
    while True:
        began = loop.time()
        try:
            await life()
        except Exception as error:
            cause = first_cause(error)
            if loop.time() - began > STEADY:
                pauses.reset()
            pause = pauses.next(cause)
            text = f"{type(cause).__name__}: {cause}"
            log.exception("engagement failed", cluster=cluster, error=text, retry_seconds=round(pause, 1))
            ENGAGEMENT_FAILURES.labels(cluster, type(cause).__name__).inc()
            failed(text)
            await asyncio.sleep(pause)


def first_cause(error: Exception) -> Exception:
    """The first error in a group of groups: the others are mostly what it cancelled."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
