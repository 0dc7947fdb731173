"""Events on the hub: few, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from landbridge.api.events import EVENTS, Event
from landbridge.api.meta import Key
from landbridge.controller.events import BURST, REFILL, SERIES, TIMEOUT, WAITING, EventRecorder
from landbridge.kube.errors import ForbiddenError
from landbridge.mcs.events import Note
from tests.unit.fakes import WatchedApi, running, settle
from tests.unit.objects import mcs

pytestmark = pytest.mark.looptime

MCS = mcs("old", "new")
LOST = Note("Warning", "Stale", "new: contact lost")


def note(number: int) -> Note:
    return Note("Warning", "Stale", f"new: trouble {number}")


def written(hub: WatchedApi) -> list[Event]:
    return [event for event in hub.held(EVENTS).values() if isinstance(event, Event)]


@asynccontextmanager
async def recording(hub: WatchedApi) -> AsyncGenerator[EventRecorder]:
    recorder = EventRecorder(hub)
    async with running(recorder.run()):
        yield recorder


async def test_an_event_says_what_happened_to_which_object_and_who_says_so() -> None:
    hub = WatchedApi()
    async with recording(hub) as recorder:
        recorder.tell(MCS, [LOST])
        await settle(1)
    (event,) = written(hub)
    assert (event.type, event.reason, event.note, event.action) == (*LOST, "Sync")
    assert (event.metadata.namespace, event.metadata.name.partition(".")[0]) == ("mcs-demo", "service2")
    assert event.regarding is not None
    assert (event.regarding.kind, event.regarding.name, event.regarding.uid) == (
        "MultiClusterService",
        "service2",
        MCS.metadata.uid,
    )
    assert event.reporting_controller == "landbridge.dev/controller"
    assert event.reporting_instance


async def test_the_same_again_is_the_same_event_with_a_count() -> None:
    hub = WatchedApi()
    async with recording(hub) as recorder:
        for _ in range(3):
            recorder.tell(MCS, [LOST])
            await settle(60)
        (event,) = written(hub)
        assert event.series is not None
        assert event.series.count == 3
        await settle(SERIES)
        recorder.tell(MCS, [LOST])
        await settle(1)
        assert len(written(hub)) == 2


async def test_an_event_that_the_hub_forgot_is_written_anew() -> None:
    hub = WatchedApi()
    async with recording(hub) as recorder:
        recorder.tell(MCS, [LOST])
        await settle(1)
        (event,) = written(hub)
        hub.take(EVENTS, event.metadata.key)
        recorder.tell(MCS, [LOST])
        await settle(1)
        assert len(written(hub)) == 1


async def test_s5_of_one_service_that_flaps_few_are_written_and_others_have_theirs() -> None:
    hub = WatchedApi()
    async with recording(hub) as recorder:
        recorder.tell(MCS, [note(number) for number in range(100)])
        recorder.tell(mcs("old", "new", key=Key("mcs-demo", "other")), [LOST])
        await settle(60)
        assert len(hub.writes) == BURST + 1
        await settle(REFILL)
        recorder.tell(MCS, [note(number) for number in range(100, 200)])
        await settle(60)
        assert len(hub.writes) == BURST + 1 + 2


async def test_s5_a_hub_that_hangs_makes_nobody_wait_and_loses_the_events() -> None:
    hub = WatchedApi()
    hub.delay = asyncio.Event()
    async with recording(hub) as recorder:
        for number in range(WAITING * 2):
            recorder.tell(mcs("old", "new", key=Key("mcs-demo", f"s{number}")), [note(number)])
        hub.delay.set()
        await settle(WAITING)
        assert len(written(hub)) == WAITING
        hub.delay.clear()
        recorder.tell(MCS, [LOST])
        await settle(TIMEOUT + 1)
        hub.delay.set()
        recorder.tell(MCS, [note(-1)])
        await settle(1)
        assert "new: trouble -1" in [event.note for event in written(hub)]


@pytest.mark.parametrize("error", [ForbiddenError(403, "Forbidden", "may not"), ValueError("odd")], ids=["403", "odd"])
async def test_without_the_right_to_write_events_all_goes_on_and_the_log_says_so_once(error: Exception) -> None:
    hub = WatchedApi()

    def refuse(method: str, path: str) -> None:
        raise error

    hub.before = refuse
    with capture_logs() as logs:
        async with recording(hub) as recorder:
            recorder.tell(MCS, [note(1), note(2)])
            await settle(1)
            hub.before = lambda method, path: None
            recorder.tell(MCS, [note(3)])
            await settle(1)
    assert [event.note for event in written(hub)] == ["new: trouble 3"]
    assert [line["event"] for line in logs] == ["event not written"]
