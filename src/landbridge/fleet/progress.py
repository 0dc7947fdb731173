"""What is being done, told while it is done."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str], None]
"""Takes one line for a person."""
