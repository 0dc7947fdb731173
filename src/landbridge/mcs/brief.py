"""What is left of a status that the hub does not take; pure.

It may be too large, or say what the CRD of the hub does not know: one of another vendor, or of another version.
"""

from __future__ import annotations

from msgspec.structs import replace

from landbridge.api.multicluster import Condition, MultiClusterServiceStatus
from landbridge.telemetry.text import shown

LONGEST = 1000
"""Bytes of each text."""


def brief(status: MultiClusterServiceStatus, why: str) -> MultiClusterServiceStatus:
    """The status without its rows, which says so."""
    return replace(
        status,
        conditions=tuple(_brief(condition, why) for condition in status.conditions),
        providers=shown(status.providers, LONGEST),
        consumers=shown(status.consumers, LONGEST),
        clusters=(),
    )


def _brief(condition: Condition, why: str) -> Condition:
    said = shown(condition.message, LONGEST // 2)
    if condition.type == "Ready":
        said = f"{said}; the hub refused the whole status, so the rows of the clusters are left out: {why}"
    return replace(condition, message=shown(said, LONGEST))
