"""A short run of `make endure`, which takes five minutes. Its name comes last: what it makes goes with the lab."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from demo.shell import Shell
from demo.stage import Stage
from tests.endurance.report import Report
from tests.endurance.run import endure

RATE, SECONDS = 100.0, 28.0


@pytest.fixture(scope="module")
async def report(stage: Stage, shell: Shell) -> AsyncGenerator[Report]:
    """What came of the requests."""
    await stage.join(shell)
    yield await endure(stage, shell, RATE, SECONDS)
    await stage.controller.end()


async def test_no_request_fails_while_hub_api_servers_and_controller_go_away_s12(report: Report) -> None:
    assert report.failures == []
    assert report.sent == RATE * SECONDS


async def test_pods_of_both_clusters_answer_all_the_while_s1(report: Report) -> None:
    assert report.answers.keys() == {
        "far.endurance far(oldcluster)",
        "both.endurance both(oldcluster)",
        "both.endurance both(newcluster)",
    }
