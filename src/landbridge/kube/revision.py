"""Resource versions as numbers: those of one kind compare (KEP-5504)."""

from __future__ import annotations


def revision(version: str) -> int:
    """The number that a resource version is; one that is none is older than all."""
    return int(version) if version.isdigit() else 0
