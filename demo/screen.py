"""What a person sees: commands with their real output, waits, answers; and the picture of it for the README."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

PICTURE_WIDTH = 118
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class Screen:
    """The terminal, and beside it a recorder of the parts that belong in the picture."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, width=None if Console().is_terminal else PICTURE_WIDTH)
        self._recorder = Console(record=True, highlight=False, width=PICTURE_WIDTH, file=io.StringIO())
        self._recording = False

    @contextmanager
    def pictured(self, wanted: bool = True) -> Iterator[None]:
        """Record what is shown within the block."""
        before, self._recording = self._recording, wanted
        yield
        self._recording = before

    def show(self, what: RenderableType = "") -> None:
        """Show one thing."""
        self.console.print(what, soft_wrap=isinstance(what, Text))
        if self._recording:
            self._recorder.print(what)

    def title(self, text: str) -> None:
        """Show the head of a part."""
        self.show()
        self.show(Text(text, style="bold cyan"))

    def command(self, line: str) -> None:
        """Show what is typed."""
        self.show(Text.assemble(("$ ", "bold green"), (line, "bold")))

    def output(self, text: str) -> None:
        """Show what a command said."""
        if text.strip():
            self.show(Text(text.rstrip("\n")))

    def waited(self, condition: str, seconds: float) -> None:
        """Show what was waited for."""
        self.show(Text(f"  waited {seconds:.1f} s until {condition}", style="dim"))

    def answers(self, counted: Mapping[str, int], right: frozenset[str]) -> None:
        """Show all the answers, counted; green where right."""
        for answer, count in sorted(counted.items()):
            self.show(Text(f"  {count:3} x {answer}", style="green" if answer in right else "bold red"))

    def error(self, text: str) -> None:
        """Show what went wrong."""
        self.show(Text(text, style="bold red"))

    def save_picture(self, path: Path, title: str) -> None:
        """Write the recorded parts as an SVG that fetches no font: one of the reader's machine does."""
        path.write_text(FONT_FACE.sub("", self._recorder.export_svg(title=title)))
