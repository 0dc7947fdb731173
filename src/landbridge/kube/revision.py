"""Resource versions as numbers: those of one kind compare (KEP-5504)."""

from __future__ import annotations

LONGEST = 39
"""Digits of a number of 128 bits, which no version exceeds."""


def revision(version: str) -> int:
    """The number that a resource version is; one that is none is older than all."""
    return int(version) if version.isdecimal() and len(version) <= LONGEST else 0
