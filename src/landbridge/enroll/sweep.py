"""Removing what nothing explains from a cluster, or what another fleet left in it, by a person's word (rule S7).

The controller sweeps a few strays by itself; many, or those of another fleet, it never touches. What is removed here is
shown before, looked up again right before it goes, and deleted in the version that was seen: what somebody keeps up to
date is not removed under his hands.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.meta import Key
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICE_NAMES
from landbridge.clusters.ownership import imported, service_of, source
from landbridge.enroll.admission import initialised
from landbridge.enroll.leave import NOT_A_MEMBER, WRONG_CLUSTER
from landbridge.enroll.progress import Report
from landbridge.enroll.removal import Swept, remove_imports
from landbridge.enroll.server import identity
from landbridge.fleet.members import members
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.mcs.holdings import holdings

NOT_CONFIRMED = "NotConfirmed"


class Stray(msgspec.Struct, frozen=True, rename="camel"):
    """The imports of one Service that may go."""

    service: str
    imports: int
    sources: tuple[str, ...]
    """The clusters that they come from."""
    since: str
    """When the oldest was made (RFC 3339)."""


@dataclass(frozen=True)
class Target:
    """What to look at: the imports of one fleet, ours or a former one, in one cluster."""

    name: str
    hub: Api
    member: Api
    ours: str
    fleet: str

    @property
    def foreign(self) -> bool:
        """Whether it is about another fleet's."""
        return self.fleet != self.ours


@dataclass(frozen=True)
class Found:
    """The imports that may go, and how many there are in all of that fleet."""

    slices: tuple[EndpointSlice, ...]
    imports: int
    others: dict[str, int]
    """How many imports other fleets have there, by their uids."""


async def aim(hub: Api, member: Api, name: str, fleet: str) -> Target:
    """Make sure that ``member`` is the cluster of that name; ``fleet`` is the uid of a former fleet, or empty.

    Raises:
        RefusedError: It is another one, or no member: only a former fleet's imports may be anywhere.
        KubeError: A cluster refused, or gave no answer.
    """
    ours = (await initialised(hub)).uid
    uid = await identity(member)
    target = Target(name, hub, member, ours, fleet or ours)
    known = {other.name: other.uid for other in await members(hub)}
    if known.get(name, uid) != uid or (name not in known and uid in known.values()):
        raise RefusedError(WRONG_CLUSTER, f"the context is not cluster {name}: give the context, or the name, of one")
    if name not in known and not target.foreign:
        names = ", ".join(sorted(known)) or "none"
        raise RefusedError(NOT_A_MEMBER, f"no cluster {name} in this fleet; its members: {names}")
    return target


async def look(target: Target) -> Found:
    """What may go: of our fleet what neither a MultiClusterService nor a debt explains, of another one everything."""
    # The cluster first, then the hub: else what is made for a new MultiClusterService would pass for unexplained.
    slices = (await target.member.survey(SLICES)).items
    there = {mcs.metadata.key for mcs in (await target.hub.list(MULTI_CLUSTER_SERVICE_NAMES)).items}
    explained = there | (await initialised(target.hub)).debts.get(target.name, frozenset())
    found = holdings(slices, target.ours, lambda key: key in explained)
    if not target.foreign:
        return Found(found.unexplained, found.imports, dict(found.foreign))
    theirs = tuple(s for s in slices if imported(s, target.fleet) and not imported(s, target.ours))
    return Found(theirs, len(theirs), dict(found.foreign))


def strays(target: Target, found: Found) -> list[Stray]:
    """The same by Service, for a person."""
    groups: dict[Key, list[EndpointSlice]] = {}
    for slice_ in found.slices:
        groups.setdefault(service_of(slice_), []).append(slice_)
    return [
        Stray(
            str(key),
            len(group),
            tuple(sorted({source(slice_, target.fleet) for slice_ in group})),
            min(slice_.metadata.creation_timestamp or "" for slice_ in group),
        )
        for key, group in sorted(groups.items())
    ]


def why(target: Target, found: Found) -> str:
    """One line: how many, and why they may go."""
    count, where = len(found.slices), target.name
    if target.foreign:
        return f"{count} imports of fleet {target.fleet} in {where}; this hub's fleet is {target.ours}"
    return f"{count} of {found.imports} imports in {where} are of Services for which the hub has no MultiClusterService"


async def sweep(target: Target, shown: Found, report: Report) -> Swept:
    """Remove what was shown, as far as it may still go.

    Raises:
        KubeError: A cluster refused, or gave no answer; what went by then is gone, do it again.
    """
    still = {slice_.metadata.key for slice_ in (await look(target)).slices}
    slices = [slice_ for slice_ in shown.slices if slice_.metadata.key in still]
    swept = await remove_imports(target.member, slices, report)
    return replace(swept, changed=swept.changed + len(shown.slices) - len(slices))
