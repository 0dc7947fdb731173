"""The table at the end: for each step what was expected, what was seen, and the time it took."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from demo.chain import SERVICES, expected
from demo.walk import Result


def short(chain: str) -> str:
    """Shorten an answer to its clusters: service1(oldcluster) --> service2(newcluster) is old --> new."""
    for service in SERVICES:
        chain = chain.replace(f"{service}(oldcluster)", "old").replace(f"{service}(newcluster)", "new")
    return chain


def results_table(results: Sequence[Result]) -> Table:
    """Tabulate the walk."""
    table = Table("step", "expected: service1, 2, 3", "seen", box=SIMPLE_HEAD)
    table.add_column("time", justify="right")
    for result in results:
        seen = Text(_seen(result), style="green" if result.right else "bold red")
        table.add_row(result.step.title, _expected(result), seen, f"{result.seconds:.1f} s")
    return table


def times_table(parts: dict[str, float]) -> Table:
    """Tabulate how long each part took."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for part, seconds in (parts | {"all": sum(parts.values())}).items():
        table.add_row(part, f"{seconds:.1f} s")
    return table


def _expected(result: Result) -> str:
    several = any(len(clusters) > 1 for clusters in result.step.serving)
    return short(expected(result.step.serving)) + (" among others" if several else "")


def _seen(result: Result) -> str:
    if result.error:
        return "failed"
    return "\n".join(f"{count:2} x {short(answer)}" for answer, count in result.answers.most_common())
