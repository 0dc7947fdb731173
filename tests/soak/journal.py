"""The clock of one seed, and by it what was done and seen: to read when a seed went wrong."""

from __future__ import annotations

from pathlib import Path
from time import monotonic


class Journal:
    """A file with a line for each deed and each look."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", buffering=1)
        self._began = monotonic()

    def begin(self) -> None:
        """Set the clock to zero."""
        self._began = monotonic()

    def now(self) -> float:
        """Seconds since then."""
        return monotonic() - self._began

    def note(self, text: str) -> None:
        """Write a line."""
        self._file.write(f"{self.now():6.2f} s  {text}\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
