from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.kube.backoff import Backoff
from landbridge.kube.errors import ApiError, UnreachableError
from landbridge.kube.queue import RESYNC_SHARE, WorkQueue

pytestmark = pytest.mark.looptime
BROKEN = UnreachableError("cut")


def now() -> float:
    return asyncio.get_running_loop().time()


def longest() -> Backoff:
    return Backoff(1.0, 60.0, lambda least, most: most)


@pytest.fixture
async def queue() -> AsyncGenerator[WorkQueue[str]]:
    queue: WorkQueue[str] = WorkQueue(longest)
    failures: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context))
    yield queue
    loop.set_exception_handler(None)
    queue.close()
    assert failures == []


async def ready(queue: WorkQueue[str]) -> list[str]:
    """What can be worked on now, in order; it stays in work."""
    keys = []
    getting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    while getting.done():
        keys.append(getting.result().key)
        getting = asyncio.ensure_future(queue.get())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    getting.cancel()
    await asyncio.gather(getting, return_exceptions=True)
    return keys


async def test_first_come_first_served(queue: WorkQueue[str]) -> None:
    for key in "abc":
        queue.add(key)
    assert len(queue) == 3
    assert await ready(queue) == ["a", "b", "c"]
    assert len(queue) == 0


async def test_key_waits_once_however_often_it_is_added(queue: WorkQueue[str]) -> None:
    for key in "abaab":
        queue.add(key)
    assert len(queue) == 2
    assert await ready(queue) == ["a", "b"]


async def test_live_changes_overtake_resync(queue: WorkQueue[str]) -> None:
    queue.add("old", live=False)
    queue.add("older", live=False)
    queue.add("new")
    assert await ready(queue) == ["new", "old", "older"]


async def test_live_change_brings_a_waiting_resync_to_the_front(queue: WorkQueue[str]) -> None:
    queue.add("a", live=False)
    queue.add("b", live=False)
    queue.add("b")
    assert len(queue) == 2
    assert await ready(queue) == ["b", "a"]


async def test_resync_does_not_push_a_live_change_back(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("b")
    queue.add("a", live=False)
    work = await queue.get()
    assert (work.key, work.live) == ("a", True)


async def test_work_says_how_it_came_about(queue: WorkQueue[str]) -> None:
    queue.add("a", live=False)
    assert (await queue.get()).live is False


async def test_work_says_since_when_it_waits(queue: WorkQueue[str]) -> None:
    first = now()
    queue.add("a")
    await asyncio.sleep(5)
    queue.add("a")
    assert (await queue.get()).since == pytest.approx(first)


async def test_live_change_counts_from_its_own_time_and_not_from_the_resync_that_waited(
    queue: WorkQueue[str],
) -> None:
    """Else every reconnection would look like slow propagation."""
    queue.add("a", live=False)
    await asyncio.sleep(5)
    changed = now()
    queue.add("a")
    assert (await queue.get()).since == pytest.approx(changed)


async def test_pending_is_what_waits_or_is_worked_on(queue: WorkQueue[str]) -> None:
    assert not queue.pending("a")
    queue.add("a")
    assert queue.pending("a")
    await queue.get()
    assert queue.pending("a")
    queue.done("a")
    assert not queue.pending("a")


async def test_worker_waits_until_there_is_work(queue: WorkQueue[str]) -> None:
    getting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(100)
    assert not getting.done()
    queue.add("a")
    assert (await getting).key == "a"


async def test_key_is_worked_on_by_one_worker_at_a_time(queue: WorkQueue[str]) -> None:
    queue.add("a")
    assert await ready(queue) == ["a"]
    queue.add("a")
    assert await ready(queue) == [], "its worker is not through with it"
    queue.done("a")
    assert await ready(queue) == ["a"]


async def test_what_comes_while_a_key_is_worked_on_costs_one_more_run(queue: WorkQueue[str]) -> None:
    queue.add("a")
    await queue.get()
    for _ in range(10):
        queue.add("a")
    queue.done("a")
    assert await ready(queue) == ["a"]
    queue.done("a")
    assert await ready(queue) == []


async def test_key_in_work_holds_no_other_up(queue: WorkQueue[str]) -> None:
    queue.add("slow")
    await queue.get()
    queue.add("slow")
    queue.add("quick")
    assert await ready(queue) == ["quick"]


async def test_live_change_while_a_key_is_worked_on_overtakes_resync_afterwards(queue: WorkQueue[str]) -> None:
    queue.add("a")
    await queue.get()
    queue.add("a", live=False)
    queue.add("a", live=True)
    queue.add("b", live=False)
    queue.done("a")
    assert await ready(queue) == ["a", "b"]


async def test_cancelled_worker_takes_no_work_with_it(queue: WorkQueue[str]) -> None:
    getting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.add("a")
    getting.cancel()
    await asyncio.gather(getting, return_exceptions=True)
    assert getting.cancelled()
    assert await ready(queue) == ["a"]


async def fail(queue: WorkQueue[str], key: str, error: Exception = BROKEN) -> float:
    """Work on a key that waits, in vain; gives the seconds until it comes back. It waits again then."""
    queue.add(key)
    work = await queue.get()
    assert work.key == key
    queue.retry(work, error)
    queue.done(key)
    failed = now()
    queue.done((await queue.get()).key)
    return now() - failed


async def test_failed_key_comes_back_later_each_time(queue: WorkQueue[str]) -> None:
    assert [await fail(queue, "a") for _ in range(4)] == pytest.approx([1.0, 2.0, 4.0, 8.0])


async def test_each_key_has_a_back_off_of_its_own(queue: WorkQueue[str]) -> None:
    for _ in range(3):
        await fail(queue, "a")
    assert await fail(queue, "b") == pytest.approx(1.0)


async def test_back_off_begins_again_after_a_success(queue: WorkQueue[str]) -> None:
    for _ in range(3):
        await fail(queue, "a")
    queue.forget("a")
    assert await fail(queue, "a") == pytest.approx(1.0)


async def test_waits_as_long_as_the_server_asks(queue: WorkQueue[str]) -> None:
    asked = ApiError(429, "TooManyRequests", "busy", retry_after=30.0)
    assert await fail(queue, "a", asked) == pytest.approx(30.0)


async def test_live_change_does_not_wait_for_the_back_off(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.retry(await queue.get(), ApiError(429, "TooManyRequests", "busy", retry_after=30.0))
    queue.done("a")
    queue.add("a")
    assert await ready(queue) == ["a"]


async def test_a_retry_keeps_the_clock_of_the_change_that_did_not_arrive(queue: WorkQueue[str]) -> None:
    """Else a failure of fifteen seconds would be shown as three milliseconds."""
    changed = now()
    queue.add("a")
    for again in (True, False):
        work = await queue.get()
        assert work.live
        assert work.since == pytest.approx(changed)
        queue.retry(work, BROKEN)
        queue.done("a")
        if again:
            await asyncio.sleep(0.5)
            queue.add("a")  # a later change of the same key
    assert (await queue.get()).since == pytest.approx(changed)


async def test_a_retry_of_a_resync_is_no_live_change(queue: WorkQueue[str]) -> None:
    queue.add("a", live=False)
    queue.retry(await queue.get(), BROKEN)
    queue.done("a")
    assert (await queue.get()).live is False


async def test_a_change_after_a_failed_resync_counts_from_its_own_time(queue: WorkQueue[str]) -> None:
    queue.add("a", live=False)
    queue.retry(await queue.get(), BROKEN)
    queue.done("a")
    await asyncio.sleep(0.5)
    changed = now()
    queue.add("a")
    assert (await queue.get()).since == pytest.approx(changed)


async def test_resync_does_not_starve_behind_keys_that_change_all_the_time(queue: WorkQueue[str]) -> None:
    queue.add("resync", live=False)
    taken = []
    for number in range(20):
        queue.add(f"live-{number}")
        queue.add(f"live-{number + 100}")
        taken.append((await queue.get()).key)
    assert taken.count("resync") == 1


async def test_a_key_is_unsettled_since_it_waits_and_until_its_work_is_done(queue: WorkQueue[str]) -> None:
    assert queue.unsettled_since("a") is None
    changed = now()
    queue.add("a")
    await asyncio.sleep(2)
    await queue.get()
    queue.add("a")
    assert queue.unsettled_since("a") == pytest.approx(changed)
    queue.done("a")
    assert queue.unsettled_since("a") == pytest.approx(changed + 2)


@pytest.mark.parametrize("delays", [(3.0, 600.0), (600.0, 3.0)])
async def test_of_two_appointments_the_earlier_one_stands(queue: WorkQueue[str], delays: tuple[float, float]) -> None:
    start = now()
    for delay in delays:
        queue.add_after("a", delay)
    assert (await queue.get()).since - start == pytest.approx(3.0)
    queue.done("a")
    await asyncio.sleep(1000)
    assert len(queue) == 0


async def test_closed_queue_drops_its_appointments(queue: WorkQueue[str]) -> None:
    queue.add_after("a", 3.0)
    queue.close()
    await asyncio.sleep(10)
    assert len(queue) == 0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("abc"), st.booleans()),
        st.tuples(st.just("get"), st.just(""), st.just(False)),
        st.tuples(st.just("done"), st.sampled_from("abc"), st.just(False)),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(steps)
async def test_nothing_is_lost_doubled_or_worked_on_twice_at_once(steps: list[tuple[str, str, bool]]) -> None:
    queue: WorkQueue[str] = WorkQueue()
    waiting: dict[str, bool] = {}
    active: set[str] = set()
    taken = 0
    for step, key, live in steps:
        match step:
            case "add":
                queue.add(key, live=live)
                waiting[key] = waiting.get(key, False) or live
            case "done" if key in active:
                queue.done(key)
                active.discard(key)
            case "get" if waiting.keys() - active:
                work = await queue.get()
                assert work.key in waiting.keys() - active
                assert work.live == waiting[work.key]
                overtaken = not work.live and any(waiting[other] for other in waiting.keys() - active)
                assert not overtaken or taken % RESYNC_SHARE == RESYNC_SHARE - 1
                taken += 1
                del waiting[work.key]
                active.add(work.key)
        assert len(queue) == len(waiting)
    for key in active:
        queue.done(key)
    assert sorted([(await queue.get()).key for _ in waiting]) == sorted(waiting)
    assert len(queue) == 0
