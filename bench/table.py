"""The figures as a table."""

from __future__ import annotations

from rich import box
from rich.table import Table

from bench.figures import Spread
from bench.run import Report


def table(report: Report) -> Table:
    """One row for each figure, with what a plain client did beside it."""
    machine, many, cold, again = report.machine, report.churn, report.cold_start, report.restart
    title = f"{machine.cores} cores, load {machine.load_before:.1f} before; milliseconds"
    made = Table("MEASURE", "p50", "p99", "n", "BESIDE IT", "RATIO", title=title, box=box.SIMPLE_HEAD, pad_edge=False)
    for one in report.propagation:
        what = f"one change, {one.endpoints} endpoints"
        made.add_row(what, *_cells(one.change), _plain(one.plain_put), f"{one.ratio:.1f}x")
    made.add_row(
        f"churn, {many.changes_per_second:.0f} changes/s over {many.services} Services",
        *_cells(many.change),
        _plain(many.plain_put),
        f"{many.change.p50 / many.plain_put.p50:.1f}x",
    )
    made.add_row("", "", "", "", f"{many.writes} writes, {many.merged} merged, {many.lost} lost", "")
    made.add_row(
        f"cold start, {cold.imports} imports in {cold.seconds:.2f} s",
        "",
        "",
        "",
        f"{cold.imports_per_second:.0f}/s; plain creates: {cold.plain_creates_per_second:.0f}/s",
        f"{cold.ratio:.0%}",
    )
    made.add_row("", "", "", "", f"{cold.services} MultiClusterServices made by {cold.seconds_to_create:.2f} s", "")
    made.add_row(
        f"restart with {again.imports} imports in {again.seconds:.2f} s",
        "",
        "",
        "",
        f"{again.writes} writes; ready after {again.seconds_to_ready:.2f} s",
        "",
    )
    cpu = f"{cold.cpu_ms_per_import:.2f} ms an import, {many.cpu_ms_per_change:.2f} ms a change"
    made.add_row("controller", "", "", "", f"CPU {cpu}; {cold.resident_mb:.0f} MB", "")
    return made


def _cells(spread: Spread) -> tuple[str, str, str]:
    return f"{spread.p50:.1f}", f"{spread.p99:.1f}", str(spread.n)


def _plain(put: Spread) -> str:
    return f"a plain PUT: {put.p50:.1f} / {put.p99:.1f}"
