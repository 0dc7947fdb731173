"""How a long operation tells what it does: one line per step, with its seconds."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import Protocol

from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn


class Progress(Protocol):
    """Anything that can show steps. Steps may overlap: clusters start side by side."""

    def step(self, text: str, *, long: bool = False) -> AbstractContextManager[None]:
        """Show a step while the block runs. `long`: worth a line at its start, too, where lines are all there is."""


class Silent:
    """Shows nothing: for tests and programs."""

    @contextmanager
    def step(self, text: str, *, long: bool = False) -> Iterator[None]:
        yield


class Plain:
    """A line for each finished step: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, text: str, *, long: bool = False) -> Iterator[None]:
        if long:
            self._console.print(f"       ... {text}", markup=False, highlight=False)
        started = monotonic()
        yield
        self._console.print(f"{monotonic() - started:8.1f} s  {text}", markup=False, highlight=False)


class Live:
    """Running steps with a spinner (ASCII: any terminal has it), finished ones as lines above: for terminals."""

    def __init__(self, console: Console) -> None:
        columns = (SpinnerColumn("line"), TimeElapsedColumn(), TextColumn("{task.description}"))
        self._shown = RichProgress(*columns, console=console, transient=True)
        self._lines = Plain(console)
        self._running = 0

    @contextmanager
    def step(self, text: str, *, long: bool = False) -> Iterator[None]:
        task = self._shown.add_task(text)
        self._running += 1
        self._shown.start()
        try:
            with self._lines.step(text):
                yield
        finally:
            self._shown.remove_task(task)
            self._running -= 1
            if not self._running:
                self._shown.stop()


def for_console(console: Console) -> Progress:
    """The livelier one where a person watches, plain lines elsewhere."""
    return Live(console) if console.is_terminal else Plain(console)
