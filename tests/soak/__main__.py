"""The command line."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from tests.soak.run import Outcome, soaking
from tests.soak.schedule import schedule

app = App(name="python -m tests.soak", help="Seeded faults over real control planes.", version_flags=())
STATE = Path.home() / ".local" / "state" / "landbridge-soak"


@app.default
async def soak(
    *, seeds: int = 5, first: int = 1, seed: Annotated[int | None, Parameter(show_default=False)] = None
) -> int:
    """Play seeds; give 0 if all of them went well.

    Parameters
    ----------
    seeds
        How many.
    first
        The first of them.
    seed
        This one alone.
    """
    chosen = [seed] if seed is not None else list(range(first, first + seeds))
    folder = STATE / str(os.getpid())
    folder.mkdir(parents=True)
    outcomes = []
    async with soaking(f"soak{os.getpid()}", folder) as run:
        for one in chosen:
            outcomes.append(await run.play(schedule(one)))
            _tell(outcomes[-1], folder)
    _sum_up(outcomes)
    if any(outcome.wrong for outcome in outcomes):
        return 1
    shutil.rmtree(folder)  # logs are for those that went wrong
    return 0


def _tell(outcome: Outcome, folder: Path) -> None:
    word = "WRONG" if outcome.wrong else "right"
    faults = f"{len(outcome.played)} faults of {len(kinds(outcome))} kinds"
    print(f"seed {outcome.seed}: {word} {outcome.converged:.1f} s after {faults}, load {outcome.load:.1f}", flush=True)
    if outcome.wrong:
        print("", *outcome.played, *outcome.wrong[:40], f"logs: {folder}", sep="\n  ", flush=True)


def kinds(*outcomes: Outcome) -> Counter[str]:
    """How often each kind of fault was injected."""
    return Counter(str(fault.kind) for outcome in outcomes for fault in outcome.played)


def _sum_up(outcomes: list[Outcome]) -> None:
    injected = kinds(*outcomes)
    table = Table("fault", "injected", box=None)
    for kind, count in injected.most_common():
        table.add_row(kind, str(count))
    Console().print(table)
    wrong = [outcome.seed for outcome in outcomes if outcome.wrong]
    seconds = sum(outcome.seconds for outcome in outcomes)
    slowest = max(outcome.converged for outcome in outcomes)
    loads = [outcome.load for outcome in outcomes]
    print(
        f"{len(outcomes)} seeds in {seconds:.0f} s, {injected.total()} faults of {len(injected)} kinds; "
        f"right again after {slowest:.1f} s at most; load {min(loads):.1f} to {max(loads):.1f}"
    )
    if gaps := sum(outcome.gaps for outcome in outcomes):
        print(f"{gaps} times a provider itself did not publish, by what was done to it")
    print(f"{len(outcomes) - len(wrong)} passed, {len(wrong)} failed")
    if wrong:
        print(f"again: make soak ARGS='--seed {wrong[0]}'")


if __name__ == "__main__":
    try:
        sys.exit(app(result_action="return_value"))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
