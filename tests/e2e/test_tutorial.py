"""The tutorial, whole, on three real clusters: the demo's own walk, and what it must give."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from demo.ask import TIMES
from demo.shell import Shell
from demo.stage import Stage
from demo.steps import STEPS
from demo.walk import Result, walk
from tests.e2e.crash import REQUESTS, Crash, crash

BEFORE = "service1(oldcluster) --> service2(oldcluster) --> service3(oldcluster)"
SERVICE2_MOVED = "service1(oldcluster) --> service2(newcluster) --> service3(oldcluster)"
ALL_MOVED = "service1(newcluster) --> service2(newcluster) --> service3(newcluster)"


@dataclass
class Walked:
    """The walk, once, with a crash of the controller in its middle."""

    results: list[Result] = field(default_factory=list)
    crash: Crash | None = None


@pytest.fixture(scope="module")
async def walked(stage: Stage, shell: Shell) -> AsyncGenerator[Walked]:
    """Walk it once; when service2 has moved, the controller is killed and started again."""
    await stage.join(shell)
    walked = Walked()
    async for result in walk(shell, STEPS):
        walked.results.append(result)
        if result.answers == {SERVICE2_MOVED: TIMES} and walked.crash is None:
            walked.crash = await crash(stage, shell)
    yield walked
    await stage.controller.end()


@pytest.fixture(scope="module")
async def results(walked: Walked) -> list[Result]:
    """What came of each step."""
    return walked.results


async def test_a_killed_controller_is_not_missed(walked: Walked) -> None:
    """Killed in the middle of the tutorial and started again: no request fails, no import is touched (rule S12)."""
    seen = walked.crash
    assert seen
    assert seen.outlasted
    assert seen.answers == {SERVICE2_MOVED: REQUESTS}
    assert any(seen.before.values())
    assert seen.after == seen.before


@pytest.mark.parametrize("number", range(len(STEPS)), ids=[f"{n + 1}: {step.title}" for n, step in enumerate(STEPS)])
async def test_every_answer_of_a_step_is_right(results: list[Result], number: int) -> None:
    assert len(results) > number, f"the walk ended early: {results[-1].error}"
    assert results[number].right, results[number]
    assert results[number].answers.total() == TIMES


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Step 1: all of it in the old cluster", BEFORE),
        ("Step 3: MultiClusterServices on the fleet", BEFORE),
        ("service2 verified: old one scaled to zero", SERVICE2_MOVED),
        ("Roll back: new service2 scaled to zero", BEFORE),
        ("service1 verified: old one scaled to zero", ALL_MOVED),
    ],
)
async def test_the_chain_reads_as_the_tutorial_prints_it(results: list[Result], title: str, said: str) -> None:
    asked = [result.answers for result in results if result.step.title == title]
    assert asked
    assert all(answers == {said: TIMES} for answers in asked)


async def test_old_and_new_serve_together_during_each_move(results: list[Result]) -> None:
    together = [result for result in results if any(len(clusters) > 1 for clusters in result.step.serving)]
    assert [result.step.title for result in together if len(result.answers) != 2] == []
