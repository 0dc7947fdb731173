"""What an image's layer holds: paths without a leading slash, each a file or a symbolic link."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class File:
    """A file of the machine (a path) or one made up here (its bytes)."""

    source: Path | bytes
    mode: int = 0o644

    def key(self) -> str:
        """Say what the content is, without reading files of the machine."""
        if isinstance(self.source, bytes):
            return f"{self.mode:o} {self.source!r}"
        stat = self.source.stat()
        return f"{self.mode:o} {self.source} {stat.st_size} {stat.st_mtime_ns}"


@dataclass(frozen=True)
class Link:
    """A symbolic link; the target is as it will be written."""

    target: str

    def key(self) -> str:
        """Say what the content is."""
        return f"-> {self.target}"


Tree = dict[str, File | Link]


def program(path: Path) -> File:
    """Take an executable of the machine."""
    return File(path, 0o755)
