"""The command line of the benchmarks."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter
from rich.console import Console

from bench.idle import idle
from bench.run import Sizes, run
from bench.table import table

app = App(name="python -m bench", help="Endpoint sync, measured on three real API servers.", version_flags=())
HERE = Path(__file__).resolve().parents[1]
INTERRUPTED = 130
WIDTH = 140


@app.default
async def bench(
    *,
    endpoints: Annotated[tuple[int, ...], Parameter(negative=())] = Sizes.endpoints,
    samples: int = Sizes.samples,
    churn_services: int = Sizes.churn_services,
    churn_rate: float = Sizes.churn_rate,
    churn_seconds: float = Sizes.churn_seconds,
    cold_services: int = Sizes.cold_services,
    output: Annotated[Literal["text", "json"], Parameter(name=["--output", "-o"])] = "text",
    lab: str = "",
) -> None:
    """Bring three control planes up, join them, measure, and take everything down.

    Parameters
    ----------
    endpoints
        Endpoints in the slice that changes, one at a time; may be repeated.
    samples
        Changes of each such slice.
    churn_services
        Services over which the churn is spread.
    churn_rate
        Changes each second.
    churn_seconds
        How long.
    cold_services
        Services that are joined all at once.
    output
        How to print the figures.
    lab
        Name of the lab; by default one that nobody else has.
    """
    sizes = Sizes(endpoints, samples, churn_services, churn_rate, churn_seconds, cold_services)
    report = await run(lab or f"bench{os.getpid()}", sizes, lambda line: print(line, file=sys.stderr, flush=True))
    if output == "json":
        print(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        console = Console()
        Console(width=None if console.is_terminal else WIDTH).print(table(report))


@app.command(name="idle")
async def measure_idle(
    *,
    after: float = 35.0,
    seconds: float = 720.0,
    every: float = 20.0,
    beside: Annotated[Path | None, Parameter(show_default=False)] = None,
    lab: str = "",
) -> None:
    """End connections to all API servers after some seconds without a byte, and measure what comes of it.

    Parameters
    ----------
    after
        Seconds without a byte.
    seconds
        How long to measure. Tokens live for ten minutes.
    every
        Seconds from one change of an endpoint to the next, on average.
    beside
        Another checkout (of an earlier version, say), to be measured at the same time on a lab of its own.
    lab
        How names of labs begin; by default so that nobody else has them.
    """
    checkouts = [HERE, *filter(None, [beside])]
    measured = await idle(lab or f"idle{os.getpid()}", checkouts, after, seconds, every)
    print(msgspec.json.format(msgspec.json.encode(measured)).decode())


def main() -> None:
    """Run, and end with the right code."""
    try:
        app()
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
