"""Waiting for a condition: asked often, with a deadline, and given up at once when what is waited for has died."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from landbridge_lab.errors import LabError
from landbridge_lab.proc import alive
from landbridge_lab.processes import last_lines


async def until(
    what: str,
    condition: Callable[[], Awaitable[bool]],
    *,
    deadline: float = 180.0,
    every: float = 0.05,
    needs: tuple[str, int, Path] | None = None,
) -> None:
    """Return when `condition` holds.

    `deadline` and `every` are seconds. `needs` is (part, process id, log) of a process without which the condition can
    never hold. Raises LabError that names `what`.
    """
    try:
        async with asyncio.timeout(deadline):
            while not await condition():
                if needs and not alive(needs[1]):
                    part, _, log = needs
                    raise LabError(f"{part} ended while we waited for {what}", last_lines(log), f"its whole log: {log}")
                await asyncio.sleep(every)
    except TimeoutError as error:
        said = last_lines(needs[2]) if needs else ""
        raise LabError(f"no {what} within {deadline:.0f} s", said, f"see {needs[2]}" if needs else "") from error
