"""The one worker loop."""

from __future__ import annotations

import asyncio

import pytest

from landbridge.clusters.worker import work
from landbridge.kube.queue import Work, WorkQueue
from tests.unit.fakes import running, settle

pytestmark = pytest.mark.looptime


async def test_s15_what_goes_wrong_with_one_key_is_that_keys_trouble_alone() -> None:
    queue: WorkQueue[str] = WorkQueue()
    done, failed = list[str](), list[str]()

    async def reconcile(item: Work[str]) -> None:
        if item.key == "bad" and len(failed) < 3:
            raise RecursionError("nested too deep")
        done.append(item.key)

    async with running(work(queue, reconcile, lambda item, error: failed.append(f"{item.key}: {error}"))):
        for key in ("bad", "good"):
            queue.add(key)
        await settle()
        assert done == ["good"]
        await settle(60)
    assert done == ["good", "bad"]
    assert failed == ["bad: nested too deep"] * 3


async def test_s15_a_stray_cancellation_ends_no_worker() -> None:
    """It would end in silence, and with it all work on the queue."""
    queue: WorkQueue[str] = WorkQueue()
    done, failed = list[str](), list[str]()

    async def reconcile(item: Work[str]) -> None:
        if item.key == "bad":
            raise asyncio.CancelledError
        done.append(item.key)

    async with running(work(queue, reconcile, lambda item, error: failed.append(item.key))):
        for key in ("bad", "good"):
            queue.add(key)
        await settle()
    assert done == ["good"]
    assert failed == ["bad"]
