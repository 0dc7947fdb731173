"""A short run of `make endure`, which takes five minutes, and then of a move. Its name comes last: what it makes goes
with the lab."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from demo.shell import Shell
from demo.stage import Stage
from tests.endurance.report import Report
from tests.endurance.run import apply, asked, endure
from tests.endurance.scene import BOTH, NAMESPACE, moving

RATE, SECONDS = 100.0, 28.0
SHARES = {n: f"{share}% of new connections in newcluster" for n, share in ((0, 0), (1, 33), (2, 50))}


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


async def test_no_request_fails_while_a_cluster_is_offered_in_part_and_dark_is_dark_s1(
    report: Report, shell: Shell
) -> None:
    """By real packets: one pod of two, none, both, none again."""
    assert report.complete

    async def steps() -> None:
        for offered in (1, 0, 2, 0):
            await apply(shell, "fleet", moving(BOTH, offered))
            told = f"--for=jsonpath='{{.status.clusters[0].offered}}'='{offered} of 2, about {SHARES[offered]}'"
            await shell.quiet(f"kubectl --context fleet wait -n {NAMESPACE} mcs/{BOTH} {told} --timeout=30s")
            await asyncio.sleep(1)

    moved = await asked(shell, RATE, 10, steps())
    assert moved.failures == []
    assert moved.answers.keys() == report.answers.keys()
    dark = await asked(shell, RATE, 2, asyncio.sleep(2))
    assert dark.failures == []
    assert dark.answers.keys() == report.answers.keys() - {"both.endurance both(oldcluster)"}
