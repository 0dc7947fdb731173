"""What keeps the trouble of one cluster from the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from landbridge.clusters.bulkhead import EndedError, Life, contain, shielded, sound
from landbridge.kube.backoff import Backoff
from tests.unit.fakes import running, settle

pytestmark = pytest.mark.looptime


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged; nothing of it is rendered."""
    with capture_logs() as lines:
        yield lines


class Panic(BaseException):
    """As extension modules raise them: no Exception."""


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


def seconds() -> Backoff:
    return Backoff(1.0, 1.0, lambda least, most: most)


async def fail(error: BaseException) -> None:
    raise error


async def fail_in_a_group(error: BaseException) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.sleep(100))
        tasks.create_task(fail(error))


async def cancel_itself() -> None:
    """As a future does that a stranger cancelled."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def nothing() -> None:
    """A task that just ends."""


LIVES: dict[str, tuple[Life, str]] = {
    "an error": (lambda: fail(RecursionError("too deep")), "RecursionError: too deep"),
    "no memory": (lambda: fail(MemoryError()), "MemoryError: "),
    "a group": (lambda: fail_in_a_group(ValueError("odd")), "ValueError: odd"),
    "a panic": (lambda: fail_in_a_group(Panic("rust")), "Panic: rust"),
    "a stray cancellation": (cancel_itself, "EndedError: it was cancelled by nobody who may"),
    "a silent end": (nothing, "EndedError: it ended by itself"),
    "no text": (lambda: fail(UnprintableError()), "UnprintableError: its text cannot be read"),
    "half a surrogate": (lambda: fail(ValueError("a\ud800b\n c")), "ValueError: a?b c"),
    "a long text": (lambda: fail(ValueError("x" * 2_000_000)), f"ValueError: {'x' * 270}... (1999730 more)"),
}


@pytest.mark.parametrize(("life", "text"), LIVES.values(), ids=LIVES.keys())
async def test_s15_whatever_ends_a_life_is_told_and_tried_again(life: Life, text: str) -> None:
    told = list[str]()
    async with running(contain("old", life, told.append, backoff=seconds)):
        await settle(2.5)
    assert [line.strip() for line in told] == [text.strip()] * 3


async def test_s15_who_hears_of_it_may_fail_too() -> None:
    lives = list[None]()

    async def life() -> None:
        lives.append(None)
        raise ValueError("odd")

    def failed(_: str) -> None:
        raise RuntimeError("nobody there")

    async with running(contain("old", life, failed, backoff=seconds)):
        await settle(2.5)
    assert len(lives) == 3


async def test_a_cancelled_life_is_not_tried_again() -> None:
    told = list[str]()
    task = asyncio.create_task(contain("old", lambda: asyncio.sleep(100), told.append))
    await settle()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert told == []


async def test_a_traceback_is_logged_once_in_a_row(logs: list[MutableMapping[str, Any]]) -> None:
    texts = iter(["odd", "odd", "other", "odd"])

    async def life() -> None:
        raise ValueError(next(texts))

    async with running(contain("old", life, lambda text: None, backoff=seconds)):
        await settle(3.5)
    shown = [isinstance(line["exc_info"], ValueError) for line in logs if line["event"] == "engagement failed"]
    assert shown == [True, False, True, True]


async def test_s15_one_odd_subject_does_not_end_who_calls_for_all(logs: list[MutableMapping[str, Any]]) -> None:
    seen = list[str]()

    def take(name: str) -> None:
        if name == "odd":
            raise RecursionError("too deep")
        seen.append(name)

    call = shielded(take, "not taken")
    for name in ("odd", "good", "odd"):
        call(name)
    assert seen == ["good"]
    assert [(line["event"], line["subject"], bool(line["exc_info"])) for line in logs] == [
        ("not taken", "odd", True),
        ("not taken", "odd", False),
    ]


async def test_a_cancellation_of_the_task_itself_is_one() -> None:
    task = asyncio.create_task(sound(asyncio.sleep(100)))
    await settle()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_what_was_cancelled_by_a_stranger_is_an_error() -> None:
    with pytest.raises(EndedError):
        await sound(cancel_itself())
