"""How long each part of the demo took."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic


class Times:
    """Seconds by part, in the order in which the parts began."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure the block; a part that fails is measured too."""
        started = monotonic()
        self.parts[name] = 0.0
        try:
            yield
        finally:
            self.parts[name] = monotonic() - started
