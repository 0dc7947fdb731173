"""The whole demo: set up, bring up, join, walk, tables; and afterwards nothing is left, whatever happened."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from landbridge_lab import LabError
from landbridge_lab.progress import for_console

from demo.shell import CommandFailedError
from demo.stage import Stage
from demo.steps import STEPS, Step
from demo.table import results_table, times_table
from demo.times import Times
from demo.walk import Result, walk


async def play(stage: Stage, steps: Sequence[Step] = STEPS, *, keep: bool = False) -> bool:
    """Play it; returns whether every answer was as expected."""
    try:
        with stage.claimed():
            try:
                return await _play(stage, steps, keep)
            finally:
                if keep:
                    stage.screen.output(stage.how_to_look_around())
    except LabError as error:
        stage.screen.error(str(error))
        return False


async def _play(stage: Stage, steps: Sequence[Step], keep: bool) -> bool:
    times = Times()
    results: list[Result] = []
    try:
        async with _tidy(stage, times, keep):
            await _walk(stage, steps, times, results)
    except (LabError, CommandFailedError) as error:
        stage.screen.error(str(error))
    with stage.screen.pictured():
        _conclude(stage, times, results, right := _as_expected(steps, results))
    return right


async def _walk(stage: Stage, steps: Sequence[Step], times: Times, results: list[Result]) -> None:
    progress = for_console(stage.screen.console)
    with times.part("set-up"):
        stage.screen.title("Set-up: binaries and images, made once")
        await stage.clear()
        await stage.lab.prepare(progress)
    with times.part("lab"):
        stage.screen.title("Lab: three clusters come up")
        await stage.up(progress)
    shell = await stage.shell()
    with times.part("join"):
        stage.screen.title("Fleet: the clusters are joined")
        await stage.join(shell)
    with times.part("walk"):
        results.extend([result async for result in walk(shell, steps)])
    if any(result.error for result in results):
        stage.screen.error(f"the end of the controller's log:\n{stage.controller.last_words()}")


@asynccontextmanager
async def _tidy(stage: Stage, times: Times, keep: bool) -> AsyncIterator[None]:
    """Leave nothing behind, also after Ctrl-C or an error, unless it is to be kept."""
    try:
        yield
    finally:
        if not keep:
            with times.part("tear-down"):
                stage.screen.title("Tear-down: nothing is left")
                await stage.end()


def _conclude(stage: Stage, times: Times, results: Sequence[Result], right: bool) -> None:
    stage.screen.title("Results")
    if results:
        stage.screen.show(results_table(results))
    stage.screen.show(times_table(times.parts))
    if not right:
        stage.screen.error("Something differed from what was expected.")


def _as_expected(steps: Sequence[Step], results: Sequence[Result]) -> bool:
    return len(results) == len(steps) and all(result.right for result in results)
