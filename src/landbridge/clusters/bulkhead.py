"""What keeps the trouble of one cluster from the others (rule S15)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

import structlog

from landbridge.kube.backoff import Backoff
from landbridge.kube.explain import Tracebacks, described, first_cause
from landbridge.telemetry.metrics import ENGAGEMENT_FAILURES

STEADY = 60.0
"""Seconds of life after which a failure counts as the first one again."""

END = 5.0
"""Seconds that the end of a life is waited for."""

Life = Callable[[], Coroutine[None, None, None]]
T = TypeVar("T")
log = structlog.get_logger()


class EndedError(Exception):
    """Something that should go on for ever came to an end, and gave no reason."""


async def contain(
    cluster: str,
    life: Life,
    failed: Callable[[str], None],
    *,
    backoff: Callable[[], Backoff] = lambda: Backoff(1.0, 60.0),
) -> None:
    """Live the life of a cluster's engagement again and again, until cancelled.

    Whatever ends it, also what nobody foresaw, ends it alone: that is logged with its traceback, counted, said to
    ``failed`` in one line, and tried again after a growing pause.
    """
    loop = asyncio.get_running_loop()
    pauses, tracebacks = backoff(), Tracebacks()
    while True:
        began = loop.time()
        cause = first_cause(await _end_of(life))
        if loop.time() - began > STEADY:
            pauses.reset()
        pause = pauses.next(cause)
        text, trace = described(cause), tracebacks.of(cluster, cause)
        log.error("engagement failed", cluster=cluster, error=text, retry_seconds=round(pause, 1), exc_info=trace)
        ENGAGEMENT_FAILURES.labels(cluster, type(cause).__name__).inc()
        shielded(failed, "failure not told")(text)
        await asyncio.sleep(pause)


async def _end_of(life: Life) -> BaseException:
    """What ended it. Each life has a task of its own, so that a cancellation of this one cannot be mistaken."""
    task = asyncio.create_task(life())
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # also one that ends too late is heard
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait([task], timeout=END)  # whatever refuses to end is left to itself: the others go on
        raise
    if task.cancelled():
        return EndedError("it was cancelled by nobody who may")
    return task.exception() or EndedError("it ended by itself")


async def endless(life: Awaitable[None]) -> None:
    """Await what goes on until it is cancelled.

    Raises:
        EndedError: It ended by itself: a task that does so would be missed by nobody.
    """
    await sound(life)
    raise EndedError("a task ended by itself")


async def sound(work: Awaitable[T]) -> T:
    """Await some work, and take a cancellation only from whoever may cancel this task.

    Raises:
        EndedError: Something within was cancelled, by itself or by a stranger. Else that would end a task in silence.
    """
    try:
        return await work
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise EndedError("a task was cancelled by nobody who may") from error


def shielded(callback: Callable[[T], None], event: str) -> Callable[[T], None]:
    """The callback, for a caller who must outlive it: what goes wrong in it is logged."""
    tracebacks = Tracebacks()

    def call(subject: T) -> None:
        try:
            callback(subject)
        except Exception as error:
            log.error(event, subject=str(subject), error=described(error), exc_info=tracebacks.of(subject, error))

    return call
