"""The command line: bring the lab up, join, ask, let things go away, report."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter
from landbridge_lab import Lab
from rich.console import Console

from demo.screen import Screen
from demo.stage import Stage
from tests.endurance.report import Report
from tests.endurance.run import endure

app = App(name="python -m tests.endurance", help="Requests by the clock while all else goes away.", version_flags=())


@app.default
async def main(
    *,
    rate: float = 200.0,
    seconds: float = 300.0,
    lab: str = "endurance",
    output: Annotated[Literal["text", "json"], Parameter(name=["--output", "-o"])] = "text",
) -> int:
    """Give 0 if every request had a right answer.

    Parameters
    ----------
    rate
        Requests each second.
    seconds
        How long.
    lab
        Name of the lab, which is taken down at the end.
    output
        How to print the figures.
    """
    with tempfile.TemporaryDirectory(prefix="landbridge-endurance-") as folder:
        stage = Stage(Lab(lab), Path(folder), Screen(Console(stderr=True, highlight=False)))
        try:
            await stage.lab.up()
            shell = await stage.shell()
            await stage.join(shell)
            report = await endure(stage, shell, rate, seconds)
        finally:
            await stage.end()
    _print(report, output)
    return 0 if report.complete and not report.failures else 1


def _print(report: Report, output: str) -> None:
    if output == "json":
        print(msgspec.json.format(msgspec.json.encode(report)).decode())
        return
    print(f"{report.sent} requests, {len(report.failures)} failed")
    print(f"seconds from when each was due: p50 {report.p50:.4f}, p99 {report.p99:.4f}, slowest {report.slowest:.3f}")
    print(f"latest start: {report.latest_start:.3f} s after it was due")
    for answer, count in report.answers.items():
        print(f"  {count:6} x {answer}")
    for failure in report.failures[:50]:
        print(f"  failed at {failure.second:.1f} s: {failure.host}: {failure.error}")


if __name__ == "__main__":
    try:
        sys.exit(app(result_action="return_value"))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
