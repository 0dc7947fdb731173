"""Taking a hub away: all that `init` made, and what the fleet kept there. Each step can be done again.

It also finishes what `kubectl delete namespace landbridge-system` began: that leaves Secrets and MultiClusterServices
which only a controller would let go, and no controller can work there any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from landbridge.api import crd
from landbridge.api.coordination import LEASES
from landbridge.api.core import CONFIG_MAPS, NAMESPACES, SECRETS
from landbridge.api.kind import Kind
from landbridge.api.meta import Object, ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import FINALIZER, FLEET, FLEET_RECORD, LEASE, MANAGED_BY, MANAGER, SYSTEM_NAMESPACE
from landbridge.checks.controller import read_controller
from landbridge.enroll.aggregated import require_whole
from landbridge.enroll.argocd import health
from landbridge.enroll.definitions import is_ours
from landbridge.enroll.leftovers import leftovers
from landbridge.enroll.manifests import GONE_TIMEOUT, describe, read, remove, wait_gone
from landbridge.enroll.progress import Report, count, few
from landbridge.fleet import rbac, record
from landbridge.fleet.members import Entry, members
from landbridge.fleet.rbac import Manifest
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.errors import ConflictError, KubeError, NotFoundError

CONTROLLER_AT_WORK = "ControllerAtWork"
HAS_MEMBERS = "HasMembers"
HAS_SERVICES = "HasServices"

T = TypeVar("T", bound=Object)

_GONE = frozenset({"None", "Stopped", "Silent"})


class Destroyed(msgspec.Struct, frozen=True, rename="camel"):
    """What went, or would go."""

    members: tuple[str, ...] = ()
    """Dropped: what is in them stays."""
    services: tuple[str, ...] = ()
    """MultiClusterServices."""
    crds: tuple[str, ...] = ()
    namespace_stays: str = ""
    """Why, if it does."""


@dataclass(frozen=True)
class Hub:
    """What is there of a fleet."""

    api: Api
    fleet: str
    members: Sequence[Entry]
    services: Sequence[Object]
    definitions: Sequence[Manifest]
    """CRDs that are there and ours."""

    def owns(self, definition: crd.Definition) -> bool:
        """Whether that CRD is one of them."""
        return any(describe(found) == describe(crd.render(definition)) for found in self.definitions)


async def destroy(
    api: Api, report: Report, *, drop_members: bool = False, drop_services: bool = False, dry_run: bool = False
) -> Destroyed:
    """Take a hub away.

    ``drop_members`` leaves members as they are, with what is in them; ``drop_services`` deletes MultiClusterServices
    although no controller removes their imports.

    Raises:
        RefusedError: A controller is at work, members or MultiClusterServices remain, or an aggregated API is down;
            nothing was changed.
        TimedOutError: Something is held by somebody's finalizers; destroy again later.
        KubeError: The hub refused, or gave no answer; destroy again.
    """
    hub = await _look(api)
    await _require_no_controller(api)
    _require_empty(hub, drop_members=drop_members, drop_services=drop_services)
    await require_whole(api)
    _tell_what_stays(hub, report)
    if dry_run:
        names = ", ".join(map(describe, hub.definitions)) or "no CRD"
        report(f"dry run: would delete {names}, account, rules, record and namespace in {api.server}")
        return _result(hub)
    for service in hub.services:
        await _let_go(api, MULTI_CLUSTER_SERVICES, service.metadata, delete=hub.owns(crd.MULTI_CLUSTER_SERVICE))
    for definition in hub.definitions:
        await remove(api, definition, report)
    await wait_gone(api, hub.definitions, GONE_TIMEOUT)
    for member in hub.members:
        await _let_go(api, SECRETS, member.meta, delete=True)
    await health.uninstall(api, report)
    return msgspec.structs.replace(_result(hub), namespace_stays=await _clear(api, report))


async def _look(api: Api) -> Hub:
    try:
        fleet = (await record.load(api)).uid
    except KubeError as error:
        if not isinstance(error, (NotFoundError, record.RecordError)):
            raise
        fleet = ""  # gone with its namespace, or nobody can read it
    try:
        services: Sequence[Object] = (await api.list(MULTI_CLUSTER_SERVICES)).items
    except NotFoundError:
        services = ()
    rendered = [crd.render(definition) for definition in crd.DEFINITIONS]
    ours = [manifest for manifest in rendered if (found := await read(api, manifest)) and is_ours(found)]
    hub = Hub(api, fleet, await members(api), services, ours)
    if hub.owns(crd.MULTI_CLUSTER_SERVICE):
        return hub
    held = [service for service in services if FINALIZER in service.metadata.finalizers]
    return replace(hub, services=held)  # in a CRD of others, only those that we hold are our business


async def _require_no_controller(api: Api) -> None:
    found = await read_controller(api)
    if found.state not in _GONE:
        raise RefusedError(
            CONTROLLER_AT_WORK,
            f"{found.text}: stop it first; if it was killed, it counts as gone after a minute without a sign",
        )


def _require_empty(hub: Hub, *, drop_members: bool, drop_services: bool) -> None:
    if hub.members and not drop_members:
        raise RefusedError(
            HAS_MEMBERS,
            f"{few([member.name for member in hub.members])} still in the fleet: let each leave with `landbridge fleet "
            "leave`, a controller at work; or, if none can be, give --drop-members, which leaves imports and account "
            "in them and says how to remove them",
        )
    if hub.services and not drop_services:
        names = [str(service.metadata.key) for service in hub.services]
        raise RefusedError(
            HAS_SERVICES,
            f"{count(names, 'MultiClusterService')} still there: {few(names)}. Delete them while a controller is at "
            "work; or give --drop-services, which deletes them here and leaves their imports where they are",
        )


def _tell_what_stays(hub: Hub, report: Report) -> None:
    selector = f"{MANAGED_BY}={MANAGER}" + (f",{FLEET}={hub.fleet}" if hub.fleet else "")
    for member in hub.members:
        report(
            f"imports and account in {member.name} stay, and Argo CD's registration, if it has one; in that cluster: "
            f"kubectl delete endpointslices -A -l {selector}; kubectl delete namespace {SYSTEM_NAMESPACE}; kubectl "
            f"delete clusterrole,clusterrolebinding {rbac.MEMBER.name}"
        )


def _result(hub: Hub) -> Destroyed:
    return Destroyed(
        tuple(member.name for member in hub.members),
        tuple(str(service.metadata.key) for service in hub.services),
        tuple(definition["metadata"]["name"] for definition in hub.definitions),
    )


async def _let_go(api: Api, kind: Kind[T], meta: ObjectMeta, *, delete: bool) -> None:
    """Delete an object that only our finalizer holds, or only take that off."""
    try:
        if delete:
            await api.delete(kind, ObjectMeta(meta.name, meta.namespace))
        while FINALIZER in (found := (await api.get(kind, meta.name, meta.namespace)).metadata).finalizers:
            kept = [finalizer for finalizer in found.finalizers if finalizer != FINALIZER]
            try:
                await api.merge_patch(kind, found, {"metadata": {"finalizers": kept}})
            except ConflictError:  # somebody wrote between
                continue
    except NotFoundError:
        return


async def _clear(api: Api, report: Report) -> str:
    """Remove account, rules, record, Lease and namespace; why the namespace stays, if it does."""
    for manifest in rbac.manifests(rbac.HUB)[::-1]:
        await remove(api, manifest, report)
    with suppress(NotFoundError):
        await api.delete(LEASES, ObjectMeta(LEASE, SYSTEM_NAMESPACE))
    with suppress(NotFoundError):
        await api.delete(CONFIG_MAPS, ObjectMeta(FLEET_RECORD, SYSTEM_NAMESPACE))
    try:
        ending = (await api.get(NAMESPACES, SYSTEM_NAMESPACE)).metadata.deletion_timestamp
    except NotFoundError:
        return ""
    if not ending and (strangers := await leftovers(api, SYSTEM_NAMESPACE)):
        why = f"{few(strangers)} in it is not the hub's"
        report(f"namespace {SYSTEM_NAMESPACE} stays: {why}")
        return why
    await remove(api, rbac.namespace(), report)
    await wait_gone(api, [rbac.namespace()], GONE_TIMEOUT)
    return ""
