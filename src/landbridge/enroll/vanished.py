"""Leaving where the Secret is gone already: it was pruned, or the hub was restored from before the join (rule S11).

No controller is engaged in the cluster any more, so a person's own rights remove what it holds. What others hold from
it the controller removes as soon as the record says that it left.
"""

from __future__ import annotations

from collections.abc import Sequence

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.clusters.ownership import imported
from landbridge.enroll.progress import Report
from landbridge.enroll.removal import remove_imports
from landbridge.enroll.waiting import until
from landbridge.fleet.amendment import Amendment, amend
from landbridge.kube.api import Api
from landbridge.mcs.ending import held


async def say_farewell(hub: Api, name: str) -> None:
    """Write into the record that the cluster left just now, also where it says so of an earlier time."""
    amendment = Amendment()
    amendment.farewell(name)
    await amend(hub, amendment.applied)


async def imports_in(member: Api, fleet: str) -> Sequence[EndpointSlice]:
    """All that the fleet wrote in a cluster."""
    return [slice_ for slice_ in (await member.survey(SLICES)).items if imported(slice_, fleet)]


async def empty(member: Api, name: str, fleet: str, report: Report, timeout: float, *, force: bool) -> None:
    """Remove all imports of the fleet in a cluster; ``force`` tries once, and says what stays.

    Raises:
        TimedOutError: Somebody's finalizers hold some, or somebody goes on writing them.
        KubeError: The cluster refused, or gave no answer.
    """
    left: Sequence[EndpointSlice] = ()

    async def done() -> bool:
        nonlocal left
        left = await imports_in(member, fleet)
        swept = await remove_imports(member, left, report)
        if swept.removed:
            report(f"{swept.removed} imports in {name} removed")
        return swept.removed == len(left)

    def late() -> str:
        why = held(name, left) or "somebody goes on writing them"
        return f"imports are left in {name} after {timeout:.0f} s: {why}. Leave again; or leave with --force"

    if not force:
        await until(done, timeout, late, every=1.0)
    elif not await done():
        report(f"forced: imports in {name} stay: {held(name, await imports_in(member, fleet))}")
