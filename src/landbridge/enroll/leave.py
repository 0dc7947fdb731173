"""Leaving the fleet, in three steps (rule S11).

1. The cluster's Secret is deleted. The controller removes every import in the cluster, and from it in the others, and
   then takes its finalizer off the Secret.
2. What Argo CD has of the cluster is removed, on the hub first.
3. Our accounts, rules and namespace in the cluster are removed, unless another fleet uses them. They go last, so that a
   leave which was interrupted can be recognised, and completed, by doing it again.

Where the Secret is gone already, `vanished` stands in for the first step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from landbridge.api.core import NAMESPACES, SECRETS
from landbridge.api.discovery import SLICES
from landbridge.api.meta import ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import (
    ARGOCD_ACCOUNT,
    CREATED_BY_JOIN,
    FINALIZER,
    FLEET,
    MANAGED_BY,
    MANAGER,
    SYSTEM_NAMESPACE,
)
from landbridge.enroll import fleets
from landbridge.enroll.admission import initialised
from landbridge.enroll.aggregated import require_whole
from landbridge.enroll.argocd.account import has_account, remove_account
from landbridge.enroll.argocd.applications import warn_of_applications
from landbridge.enroll.argocd.clusters import Known
from landbridge.enroll.argocd.departure import LOST_ACCOUNT, look_up
from landbridge.enroll.argocd.registration import unregister
from landbridge.enroll.diagnosis import controller_state
from landbridge.enroll.leftovers import leftovers
from landbridge.enroll.manifests import GONE_TIMEOUT, read, remove, wait_gone
from landbridge.enroll.policies import remove_policies
from landbridge.enroll.progress import Report, count, few
from landbridge.enroll.remains import foreign_imports, foreign_notes
from landbridge.enroll.server import identity
from landbridge.enroll.strays import tell_of_imports
from landbridge.enroll.trial import Connect
from landbridge.enroll.vanished import empty, imports_in, say_farewell
from landbridge.enroll.waiting import until
from landbridge.fleet import rbac
from landbridge.fleet.members import Entry, find, members
from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.kube.api import Api
from landbridge.kube.errors import KubeError, NotFoundError
from landbridge.mcs.ending import held

NOT_A_MEMBER = "NotAMember"
WRONG_CLUSTER = "WrongCluster"

TIMEOUT = 120.0


@dataclass(frozen=True)
class Parting:
    """A cluster on its way out: its Secret, unless that is gone already, and what we know of both sides."""

    name: str
    hub: Api
    member: Api | None
    """``None`` where it gives no answer, and a person forces it out."""
    before: Entry | None
    is_hub: bool
    fleet: str
    registrations: Sequence[Known]
    """Its Secrets for Argo CD, where joins made them."""


async def leave(
    hub: Api,
    member: Api | None,
    name: str,
    report: Report,
    *,
    force: bool = False,
    dry_run: bool = False,
    timeout: float = TIMEOUT,
    connect: Connect = Api,
) -> None:
    """Take a cluster out of the fleet, and everything of ours out of it.

    ``force`` does not wait for the controller: debts are dropped, the finalizer goes, and what stays is reported.

    Raises:
        RefusedError: No such member, another cluster than the one of that name, one that the controller cannot use,
            or one whose namespaces cannot be deleted just now.
        TimedOutError: The controller did not let go in time; leave again later, nothing is lost.
        KubeError: A cluster refused, or gave no answer.
    """
    parting = await _prepare(hub, member, name, report, force=force)
    if parting.member and not force and not parting.is_hub and await _namespace_is_ours(parting.member):
        await require_whole(parting.member)
    await _warn_of_services(parting, report)
    for registration in parting.registrations:
        await warn_of_applications(hub, registration, report)
    if dry_run:
        await _foretell(parting, report)
        return
    try:
        if parting.before:
            await _part(parting, parting.before, report, timeout, force=force)
        else:
            await _part_unseen(parting, report, timeout, force=force)
    except TimedOutError:
        await tell_of_imports(hub, name, parting.fleet, report, connect)
        raise
    await tell_of_imports(hub, name, parting.fleet, report, connect)
    for registration in parting.registrations:
        await unregister(hub, registration.meta.name, registration.uid, report)
    if parting.member:
        await _clear(parting, parting.member, report, force=force)
    else:
        report(LOST_ACCOUNT)
    report(f"cluster {name} left")


async def _part(parting: Parting, before: Entry, report: Report, timeout: float, *, force: bool) -> None:
    await parting.hub.delete(SECRETS, ObjectMeta(before.meta.name, SYSTEM_NAMESPACE))
    report(f"cluster {parting.name} is leaving")
    if force:
        await _force(parting, report)
    await _wait_for_controller(parting, timeout, report)


async def _part_unseen(parting: Parting, report: Report, timeout: float, *, force: bool) -> None:
    """The hub has no Secret of it: nobody else says farewell, or removes what it holds."""
    await say_farewell(parting.hub, parting.name)
    if parting.member:
        await empty(parting.member, parting.name, parting.fleet, report, timeout, force=force)
    else:
        _tell_what_stays(parting, report)


async def _prepare(hub: Api, member: Api | None, name: str, report: Report, *, force: bool) -> Parting:
    fleet = await initialised(hub)
    before = await find(hub, name)
    uid = await _identity(member, force=force)
    if before and uid and before.uid != uid:
        raise RefusedError(
            WRONG_CLUSTER, f"the context is not cluster {name}: that one has another identity; give its context"
        )
    answering = member if uid else None
    registrations = await look_up(hub, answering, name, uid or (before.uid if before else ""), report)
    if before is None:
        forced = force and name in fleet.members
        await _check_unfinished(hub, answering, name, uid, registrations, fleet=fleet.uid, forced=forced)
    elif before.refusal and not force:
        raise _unusable(before, before.refusal)
    return Parting(name, hub, answering, before, uid == await identity(hub), fleet.uid, registrations)


def _unusable(before: Entry, refusal: RefusedError) -> RefusedError:
    """The controller will not engage a cluster whose Secret it refuses, so nobody would ever take the imports out."""
    mend = "" if before.leaving else "join it again to mend its Secret, or "
    return RefusedError(
        refusal.reason,
        f"the controller cannot clean {before.name}, since its Secret is refused: {refusal}; {mend}leave with --force, "
        "which leaves its imports behind",
    )


async def _identity(member: Api | None, *, force: bool) -> str:
    """Which cluster it is; empty where it cannot be asked, which only ``force`` puts up with."""
    try:
        return await identity(member) if member else ""
    except KubeError:
        if not force:
            raise
        return ""


async def _check_unfinished(
    hub: Api, member: Api | None, name: str, uid: str, registrations: Sequence[Known], *, fleet: str, forced: bool
) -> None:
    """A leave whose Secret is gone may go on where there is a trace of the cluster; all else is a mistake.

    ``forced``: a person forces out a cluster that the record still calls a member; that is trace enough.
    """
    known = await members(hub)
    unfinished = forced or registrations or (member and await _has_traces(member, fleet))
    which = {uid, *(registration.uid for registration in registrations)}
    if not unfinished or which & {other.uid for other in known if other.uid}:
        names = ", ".join(other.name for other in known) or "none"
        raise RefusedError(NOT_A_MEMBER, f"no cluster {name} in this fleet; its members: {names}")


async def _has_traces(member: Api, fleet: str) -> bool:
    """Whether a join of this fleet was here: its account, or the namespace, which goes last."""
    marked = await fleets.marked(member)
    if marked and fleet not in marked:
        return False
    return bool(await read(member, rbac.manifests(rbac.MEMBER)[0])) or await _namespace_is_ours(member)


async def _foretell(parting: Parting, report: Report) -> None:
    if parting.before:
        first = f"delete the Secret of {parting.name} on the hub, wait for the controller"
    else:
        there = len(await imports_in(parting.member, parting.fleet)) if parting.member else 0
        first = f"note on the hub that {parting.name} left, delete the {there} imports in it"
    report(f"dry run: would {first}, then account and rules")
    for registration in parting.registrations:
        report(f"dry run: would delete Secret {registration.meta.key} on the hub")
    if parting.member is None:
        report(f"dry run: {LOST_ACCOUNT}")
    elif remaining := await fleets.others(parting.member, parting.fleet):
        report(f"dry run: {fleets.staying(parting.name, remaining)}")
    elif await has_account(parting.member):
        report(f"dry run: would delete Argo CD's account in {parting.member.server}")


async def _warn_of_services(parting: Parting, report: Report) -> None:
    services = (await parting.hub.list(MULTI_CLUSTER_SERVICES)).items
    naming = [str(mcs.metadata.key) for mcs in services if parting.name in mcs.spec.clusters]
    if naming:
        named = f"{count(naming, 'MultiClusterService')} still naming {parting.name}"
        report(f"{named} will report NoCluster: {few(naming)}")


async def _force(parting: Parting, report: Report) -> None:
    await say_farewell(parting.hub, parting.name)
    found = await find(parting.hub, parting.name)
    if found is None:
        return
    kept = [finalizer for finalizer in found.meta.finalizers if finalizer != FINALIZER]
    await parting.hub.merge_patch(SECRETS, found.meta, {"metadata": {"finalizers": kept}})
    _tell_what_stays(parting, report)


def _tell_what_stays(parting: Parting, report: Report) -> None:
    report(f"forced: imports in {parting.name} stay; kubectl delete endpointslices -A -l {_imports_selector(parting)}")
    report(f"imports from {parting.name} in other clusters are removed by the controller when it runs and reaches them")


def _imports_selector(parting: Parting) -> str:
    return f"{MANAGED_BY}={MANAGER},{FLEET}={parting.fleet}"


async def _wait_for_controller(parting: Parting, timeout: float, report: Report) -> None:
    said = ""

    async def done() -> bool:
        nonlocal said
        if await find(parting.hub, parting.name) is None:
            return True
        line = f"waiting for the controller{await _imports_left(parting)}"
        if line != said:
            report(said := line)
        return False

    state = await controller_state(parting.hub)
    await until(
        done,
        timeout,
        lambda: (
            f"cluster {parting.name} has not left after {timeout:.0f} s: {state} Then leave again; or leave with "
            "--force, which leaves its imports behind"
        ),
        every=1.0,
    )


async def _imports_left(parting: Parting) -> str:
    if parting.member is None:
        return ""
    left = (await parting.member.list(SLICES, selector=_imports_selector(parting))).items
    text = f": {len(left)} imports left in {parting.name}" if left else ""
    why = held(parting.name, left)
    return f"{text}; {why}" if why else text


async def _clear(parting: Parting, member: Api, report: Report, *, force: bool) -> None:
    """Remove accounts and rules, last made first, and the namespace if we made it and nobody else uses it."""
    if there := await fleets.others(member, parting.fleet):
        report(fleets.staying(parting.name, there))
        for line in foreign_notes(parting.name, await foreign_imports(member, parting.fleet)):
            report(line)
        if await has_account(member):
            report(
                f"Argo CD's account stays, too, with its token: if the other fleet did not register {parting.name} "
                f"with --argocd, delete ServiceAccount, Secret and ClusterRoleBinding {ARGOCD_ACCOUNT} there"
            )
        await fleets.unmark(member, parting.fleet)
        return
    await remove_policies(member, report)
    await remove_account(member, report)
    ours = rbac.manifests(rbac.MEMBER)[::-1]
    for manifest in ours:
        await remove(member, manifest, report)
    await wait_gone(member, ours, GONE_TIMEOUT)
    if not parting.is_hub and await _namespace_is_ours(member):
        if why := await _in_use(member, force=force):
            report(f"namespace {SYSTEM_NAMESPACE} stays: {why}")
            return
        await remove(member, rbac.namespace(), report)
        await wait_gone(member, [rbac.namespace()], GONE_TIMEOUT)


async def _in_use(member: Api, *, force: bool) -> str:
    """Why the namespace has to stay; empty if it need not."""
    try:
        strangers = await leftovers(member, SYSTEM_NAMESPACE)
    except KubeError as error:
        if not force:
            raise
        return f"what is in it cannot be seen ({error}); delete it by hand"
    return f"{few(strangers)} in it is not ours" if strangers else ""


async def _namespace_is_ours(member: Api) -> bool:
    try:
        found = await member.get(NAMESPACES, SYSTEM_NAMESPACE)
    except NotFoundError:
        return False
    return CREATED_BY_JOIN in found.metadata.annotations
