"""Starting what does not run yet: the parts of a lab, each at most once."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from landbridge_lab.processes import Processes
from landbridge_lab.waiting import until


class Crew:
    """The parts that run now (as found at the beginning) and those started since.

    `prefix`: what the parts that concern it begin with; strays of others are left alone.
    """

    def __init__(self, processes: Processes, prefix: str = "") -> None:
        self.processes = processes
        processes.end_strays(prefix)
        self._running = processes.running()
        self._logs: dict[str, Path] = {}

    def has(self, part: str) -> bool:
        return part in self._running

    def parts(self) -> set[str]:
        """The parts that run."""
        return set(self._running)

    def restart(self) -> None:
        """End all parts, to start each again."""
        self.processes.end_all()
        self._running.clear()

    def end(self, *parts: str) -> None:
        """End some, to start each again."""
        self.processes.end_parts(*parts)
        for part in parts:
            self._running.pop(part, None)

    def pid(self, part: str) -> int:
        """Process id of a part that runs."""
        return self._running[part]

    async def ensure(self, part: str, command: Sequence[str | Path], log: Path) -> None:
        """Start the part unless it runs."""
        self._logs[part] = log
        if part not in self._running:
            self._running[part] = await self.processes.start(part, command, log)

    async def wait(
        self, what: str, part: str, condition: Callable[[], Awaitable[bool]], *, every: float = 0.05
    ) -> None:
        """Wait until `condition` holds; fails at once, with the end of its log, when `part` has died."""
        await until(what, condition, every=every, needs=(part, self._running[part], self._logs[part]))
