"""Folders as locks: one holder at a time, also when the holder removes the folder."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from landbridge_lab.errors import RefusedError
from landbridge_lab.locks import held, held_or_refused, locked
from landbridge_lab.progress import Silent

HOLDER = """
import pathlib, sys
from landbridge_lab.locks import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


class Noting(Silent):
    """Remembers the steps it was told of."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    @contextmanager
    def step(self, text: str, *, long: bool = False) -> Iterator[None]:
        self.steps.append(text)
        yield


async def test_the_second_waits_for_the_first_and_says_so(tmp_path: Path) -> None:
    order: list[str] = []
    progress = Noting()

    async def second() -> None:
        async with held(tmp_path / "lab", progress):
            order.append("second")

    async with held(tmp_path / "lab", Silent()):
        task = asyncio.create_task(second())
        await asyncio.sleep(0.1)
        order.append("first")
    await task

    assert order == ["first", "second"]
    assert [step.startswith("Waiting for another landbridge-lab") for step in progress.steps] == [True]


async def test_nothing_is_said_where_nobody_waits(tmp_path: Path) -> None:
    progress = Noting()

    async with held(tmp_path / "lab", progress):
        pass

    assert progress.steps == []


async def test_who_waited_gets_a_new_folder_when_the_holder_removed_it(tmp_path: Path) -> None:
    async def waiting() -> bool:
        async with held(tmp_path / "lab", Silent()):
            return (tmp_path / "lab").is_dir()

    async with held(tmp_path / "lab", Silent()):
        task = asyncio.create_task(waiting())
        await asyncio.sleep(0.1)
        (tmp_path / "lab").rmdir()

    assert await task


def test_who_would_not_wait_is_refused_until_the_holder_is_done(tmp_path: Path) -> None:
    refusal = RefusedError("somebody is at work")

    with (
        locked(tmp_path / "lab"),
        pytest.raises(RefusedError, match="at work"),
        held_or_refused(tmp_path / "lab", refusal),
    ):
        pass

    with held_or_refused(tmp_path / "lab", refusal):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        holder.kill()

    with locked(tmp_path):
        pass


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    with locked(tmp_path / "state/lab"):
        assert (tmp_path / "state/lab").stat().st_mode & 0o077 == 0
