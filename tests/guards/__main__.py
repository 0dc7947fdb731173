"""Take each guard out of a copy of the source, and demand that its test goes red: `make guards`."""

from __future__ import annotations

import os
import queue
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.guards.guard import ROOT, Guard, read_guards
from tests.guards.workshop import GREEN, Workshop


def main() -> int:
    """The exit code: 0 if every guard is missed by its test."""
    guards = read_guards()
    console = Console(width=None if sys.stdout.isatty() else 160)
    with tempfile.TemporaryDirectory(prefix="landbridge-guards-") as folder:
        first, *others = (Path(folder) / str(number) for number in range(os.cpu_count() or 1))
        shop = Workshop(first, ROOT)
        code, output = shop.run(sorted({guard.test for guard in guards}))
        if code != GREEN:
            console.print(output, "The tests are not green with all guards in place.", markup=False)
            return 1
        faults = _judge(guards, [shop, *(Workshop(other, first) for other in others)])
    console.print(_table(guards, faults))
    wrong = sum(map(bool, faults))
    console.print(
        f"{len(guards)} guards, {wrong} of them not missed by their tests" if wrong else f"{len(guards)} guards"
    )
    return 1 if wrong else 0


def _judge(guards: list[Guard], shops: list[Workshop]) -> list[str]:
    free: queue.SimpleQueue[Workshop] = queue.SimpleQueue()
    for shop in shops:
        free.put(shop)

    def judge(guard: Guard) -> str:
        shop = free.get()
        try:
            return shop.judge(guard)
        finally:
            free.put(shop)

    with ThreadPoolExecutor(len(shops)) as pool:
        return list(pool.map(judge, guards))


def _table(guards: list[Guard], faults: list[str]) -> Table:
    table = Table("rule", "guard", "test that misses it", "red?")
    for guard, fault in zip(guards, faults, strict=True):
        table.add_row(guard.rule, guard.path.stem, guard.test.rpartition("::")[2], fault or "yes")
    return table


if __name__ == "__main__":
    sys.exit(main())
