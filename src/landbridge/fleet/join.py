"""Joining a cluster: an account in it that may do exactly what the controller does, and its Secret on the hub.

Everything is checked first; what is written is written in an order that leaves nothing half-done: the hub learns of the
cluster last, and if that fails, what was made in the member goes again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from landbridge.api.core import NAMESPACES, SECRETS
from landbridge.api.names import CREATED_BY_JOIN, SYNC_ACCOUNT
from landbridge.fleet import rbac
from landbridge.fleet.admission import Admission, Wish, admit
from landbridge.fleet.cluster import Cluster, cluster_secret
from landbridge.fleet.manifests import GONE_TIMEOUT, apply, describe, read, remove, wait_gone
from landbridge.fleet.members import find
from landbridge.fleet.progress import Report
from landbridge.fleet.rbac import Manifest
from landbridge.fleet.refusal import TimedOutError
from landbridge.fleet.tokens import mint
from landbridge.fleet.trial import Connect, try_token
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import ConflictError, KubeError


async def join(
    hub: Api,
    member: Api,
    config: ServerConfig,
    wish: Wish,
    report: Report,
    *,
    dry_run: bool = False,
    connect: Connect = Api,
) -> Cluster:
    """Make a cluster a member, or mend and update one that is; ``config`` is how a person reaches it.

    Raises:
        RefusedError: It must not join; nothing was changed.
        KubeError: A cluster refused, or gave no answer; what was made in the member was removed.
    """
    admission = await admit(hub, member, config, wish)
    _tell(admission, report)
    if dry_run:
        report(f"dry run: would make account {SYNC_ACCOUNT} in {member.server}, and the Secret on the hub")
        return admission.cluster
    async with _account(member, report):
        token = await mint(member, SYNC_ACCOUNT)
        await try_token(connect(admission.cluster.config, StaticToken(token)), NAMESPACES)
        report(f"{admission.cluster.config.server} accepts the new token")
        cluster = await _write(hub, replace(admission, cluster=replace(admission.cluster, token=token)))
    report(f"cluster {cluster.name} {'updated' if admission.before else 'joined'}")
    return cluster


def _tell(admission: Admission, report: Report) -> None:
    cluster = admission.cluster
    report(f"cluster {cluster.name}: the controller reaches it at {cluster.config.server}")
    report(f"pod CIDRs: {', '.join(cluster.pod_cidrs)} (all of them? more nodes may bring more: --pod-cidr)")
    report(f"allowed namespaces: {', '.join(sorted(cluster.namespaces)) or 'all'}")


@asynccontextmanager
async def _account(member: Api, report: Report) -> AsyncGenerator[None]:
    """Our namespace, account and rules in the member; taken back if the body fails, as far as they are new."""
    async with AsyncExitStack() as undo:
        for manifest in (_namespace(), *rbac.manifests(rbac.MEMBER)):
            existing = await read(member, manifest)
            if existing and manifest["kind"] == "Namespace":
                continue
            if existing is None:  # registered before the write, since its answer may be lost
                undo.push_async_callback(_take_back, member, manifest, report)
            await apply(member, manifest)
        report(f"account {SYNC_ACCOUNT} and its rules are in {member.server}")
        yield
        undo.pop_all()


def _namespace() -> Manifest:
    manifest = rbac.namespace()
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": {CREATED_BY_JOIN: "true"}}}


async def _take_back(member: Api, manifest: Manifest, report: Report) -> None:
    try:
        await remove(member, manifest, report)
        await wait_gone(member, [manifest], GONE_TIMEOUT)
    except (KubeError, TimedOutError) as error:
        report(f"{describe(manifest)} stays in {member.server}: {error}; delete it, or join again")


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
