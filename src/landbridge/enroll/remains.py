"""What a person is told of imports that nobody explains, or that are another fleet's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.names import FLEET_RECORD, MANAGED_BY, MANAGER, SYSTEM_NAMESPACE
from landbridge.kube.api import Api
from landbridge.kube.errors import ForbiddenError
from landbridge.mcs.holdings import Holdings, holdings
from landbridge.mcs.sweep import beyond

MOST_FLEETS = 5
"""Other fleets that are named: labels can be forged in any number."""


async def labelled_imports(api: Api) -> Sequence[EndpointSlice]:
    """The imports of all fleets in a cluster, as their labels say."""
    return (await api.survey(SLICES, selector=f"{MANAGED_BY}={MANAGER}")).items


async def foreign_imports(api: Api, fleet: str) -> Counter[str]:
    """How many imports other fleets have in a cluster, by their uids; none where a person may not see them."""
    try:
        found = await labelled_imports(api)
    except ForbiddenError:
        return Counter()
    return holdings(found, fleet, lambda _: True).foreign


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


def joining_notes(cluster: str, foreign: Mapping[str, int]) -> list[str]:
    """What there is to know before a cluster joins in which another fleet has imports."""
    notes = foreign_notes(cluster, foreign)
    if notes:
        notes.append(
            "or is it this fleet as it was before its record was lost? Then take its imports over, as long as no "
            f"cluster has joined: delete ConfigMap {SYSTEM_NAMESPACE}/{FLEET_RECORD} on the hub, and run `landbridge "
            "fleet init --fleet` with that uid"
        )
    return notes


def foreign_notes(cluster: str, foreign: Mapping[str, int]) -> list[str]:
    """A line for each other fleet that has imports in the cluster."""
    return [
        f"it holds {count} imports of fleet {uid}; if that one is no more, see `landbridge fleet sweep {cluster} "
        f"--fleet {uid} --dry-run`"
        for uid, count in sorted(foreign.items())[:MOST_FLEETS]
    ]
