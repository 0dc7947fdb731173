"""The one worker loop: take a key, reconcile it, forget its failures or try it again later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from landbridge.clusters.bulkhead import sound
from landbridge.kube.queue import Work, WorkQueue

K = TypeVar("K")


async def work(
    queue: WorkQueue[K],
    reconcile: Callable[[Work[K]], Awaitable[None]],
    failed: Callable[[Work[K], Exception], None],
    *,
    workers: int = 1,
) -> None:
    """Reconcile the keys of a queue, forever, so many at once.

    Whatever goes wrong with one key, also what nobody foresaw, is that key's trouble alone: ``failed`` hears of it, and
    the key comes back after a back-off of its own.
    """
    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(_worker(queue, reconcile, failed))


async def _worker(
    queue: WorkQueue[K],
    reconcile: Callable[[Work[K]], Awaitable[None]],
    failed: Callable[[Work[K], Exception], None],
) -> None:
    while True:
        item = await queue.get()
        try:
            await sound(reconcile(item))
        except Exception as error:
            queue.retry(item, error)
            failed(item, error)
        else:
            queue.forget(item.key)
        finally:
            queue.done(item.key)
