"""What a person is told of imports that nobody explains, or that are another fleet's."""

from __future__ import annotations

from collections.abc import Mapping

from landbridge.mcs.holdings import Holdings
from landbridge.mcs.sweep import beyond

MOST_FLEETS = 5
"""Other fleets that are named: labels can be forged in any number."""


def unexplained_note(cluster: str, found: Holdings) -> list[str]:
    """A line, if the cluster holds imports that no MultiClusterService explains."""
    count = len(found.unexplained)
    if not count:
        return []
    fate = (
        "they wait for you" if beyond(count, found.imports) else "the controller sweeps so few, unless they were more"
    )
    return [
        f"no MultiClusterService explains {count} of its {found.imports} imports: {fate}; "
        f"`landbridge fleet sweep {cluster} --dry-run` shows them"
    ]


def foreign_notes(cluster: str, foreign: Mapping[str, int]) -> list[str]:
    """A line for each other fleet that has imports in the cluster."""
    return [
        f"it holds {count} imports of fleet {uid}; if that one is no more, see `landbridge fleet sweep {cluster} "
        f"--fleet {uid} --dry-run`"
        for uid, count in sorted(foreign.items())[:MOST_FLEETS]
    ]
