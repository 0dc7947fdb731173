"""Joining a cluster: an account in it that may do exactly what the controller does, and its Secret on the hub.

Everything is checked first; what is written is written in an order that leaves nothing half-done: the hub learns of the
cluster last, and if that fails, what was made in the member goes again. A registration with Argo CD comes between, its
account in the member and then its Secret on the hub: so a member of the fleet has all that was asked for. After a crash
`leave` takes away what is there.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from landbridge.api.core import NAMESPACES, SECRETS
from landbridge.api.names import ARGOCD_ACCOUNT, CREATED_BY_JOIN, SYNC_ACCOUNT
from landbridge.enroll import fleets, policies, proxies
from landbridge.enroll.admission import Admission, Wish, admit, initialised
from landbridge.enroll.argocd import registration as registrations
from landbridge.enroll.argocd.account import make_account
from landbridge.enroll.argocd.registration import Registration
from landbridge.enroll.manifests import make
from landbridge.enroll.progress import Report, few
from landbridge.enroll.remains import foreign_imports, joining_notes
from landbridge.enroll.trial import Connect, try_token
from landbridge.fleet import rbac
from landbridge.fleet.cluster import Cluster, cluster_secret
from landbridge.fleet.members import find
from landbridge.fleet.policy import Limits
from landbridge.fleet.rbac import Manifest
from landbridge.fleet.tokens import mint
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import ConflictError


@dataclass(frozen=True)
class Joined:
    """A member, and how Argo CD knows it, where that was asked for."""

    cluster: Cluster
    registration: Registration | None = None
    policies: bool = False
    """Whether its API server holds us, and its tenants, to the admission policies."""


async def join(
    hub: Api,
    member: Api,
    config: ServerConfig,
    wish: Wish,
    report: Report,
    *,
    dry_run: bool = False,
    connect: Connect = Api,
) -> Joined:
    """Make a cluster a member, or mend and update one that is; ``config`` is how a person reaches it.

    Raises:
        RefusedError: It must not join; nothing was changed.
        TimedOutError: The member gave Argo CD's account no token; what was made was removed.
        KubeError: A cluster refused, or gave no answer; what was made was removed, but changes of a Secret that was
            there before stay.
    """
    admission = await admit(hub, member, config, wish)
    registration = await registrations.plan(hub, admission, wish) if wish.argocd else None
    limits = await policies.limits(member, admission.cluster)
    _tell(admission, config, report)
    for line in policies.notes(admission, limits):
        report(line)
    fleet = (await initialised(hub)).uid
    for line in joining_notes(wish.name, await foreign_imports(member, fleet)):
        report(line)
    if there := await fleets.others(member, fleet):
        report(f"it is in fleet {few(there)} already: both use account {SYNC_ACCOUNT}, and who leaves last removes it")
    if registration:
        _tell_of_argocd(registration, {config.server, admission.cluster.config.server}, report)
    if dry_run:
        _foretell(member, limits, registration, report)
        return Joined(admission.cluster, registration)
    async with AsyncExitStack() as undo:
        installed = await policies.install(member, limits, undo, report)
        token = await _account(member, admission.cluster.config, undo, report, connect)
        await fleets.mark(member, fleet, undo, report)
        if registration:
            argocd_token = await make_account(member, config, undo, report, connect)
            await registrations.register(hub, registration, argocd_token, undo, report)
        cluster = await _write(hub, replace(admission, cluster=replace(admission.cluster, token=token)))
        undo.pop_all()
    report(f"cluster {cluster.name} {'updated' if admission.before else 'joined'}")
    return Joined(cluster, registration, installed)


def _tell(admission: Admission, person: ServerConfig, report: Report) -> None:
    cluster = admission.cluster
    report(f"cluster {cluster.name}: the controller reaches it {proxies.reached(cluster.config, person)}")
    report(f"pod CIDRs: {', '.join(cluster.pod_cidrs)} (all of them? more nodes may bring more: --pod-cidr)")
    report(f"service CIDRs: {', '.join(cluster.service_cidrs) or 'not known; give them with --service-cidr'}")
    report(f"allowed namespaces: {', '.join(sorted(cluster.namespaces)) or 'all'}")
    report(f"addresses to import: {', '.join(cluster.import_cidrs) or 'any but its own (narrower: --import-cidr)'}")


def _tell_of_argocd(registration: Registration, tried: set[str], report: Report) -> None:
    server = registration.config.server
    report(f"Argo CD reaches it at {server}{'' if server in tried else ' (not tried from here: only Argo CD can)'}")


def _foretell(member: Api, limits: Limits | None, registration: Registration | None, report: Report) -> None:
    report(f"dry run: would make account {SYNC_ACCOUNT} in {member.server}, and the Secret on the hub")
    if limits:
        report(f"dry run: would put admission policies {policies.NAMES} into force there, if you may")
    if registration:
        report(
            f"dry run: would make account {ARGOCD_ACCOUNT} for Argo CD in {member.server}, and Secret "
            f"{registration.secret} on the hub"
        )


async def _account(member: Api, reached: ServerConfig, undo: AsyncExitStack, report: Report, connect: Connect) -> str:
    """Our namespace, account and rules in the member; its token, tried at the address that the controller will use."""
    await make(member, (_namespace(), *rbac.manifests(rbac.MEMBER)), undo, report)
    report(f"account {SYNC_ACCOUNT} and its rules are in {member.server}")
    token = await mint(member, SYNC_ACCOUNT)
    await try_token(connect(reached, StaticToken(token)), NAMESPACES)
    report(f"{reached.server} accepts the new token")
    return token


def _namespace() -> Manifest:
    manifest = rbac.namespace()
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": {CREATED_BY_JOIN: "true"}}}


async def _write(hub: Api, admission: Admission) -> Cluster:
    """Create the Secret, or change the one that is there, on top of whatever the controller renewed meanwhile."""
    cluster = admission.cluster
    secret = cluster_secret(cluster)
    if admission.before is None:
        return replace(cluster, meta=(await hub.create(SECRETS, secret)).metadata)
    meta = cluster.meta
    fields = {"labels": secret.metadata.labels, "annotations": secret.metadata.annotations}
    finalizers = sorted({*meta.finalizers, *secret.metadata.finalizers})
    data = {"namespaces": None, **(secret.data or {})}
    try:
        patched = await hub.merge_patch(SECRETS, meta, {"metadata": {**fields, "finalizers": finalizers}, "data": data})
    except ConflictError:
        fresh = await find(hub, cluster.name)
        if fresh is None or fresh.leaving or fresh.meta.resource_version == meta.resource_version:
            raise
        return await _write(hub, Admission(replace(cluster, meta=fresh.meta), fresh))
    return replace(cluster, meta=patched.metadata)
