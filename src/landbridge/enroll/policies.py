"""The admission policies of a member: `join` puts them into force, `leave` takes them away (docs/adr/0020).

They are a second line: sync works without them. So who may not install them, and a member that knows none, is told and
joins all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack

from landbridge.api.names import PART_OF
from landbridge.enroll.admission import Admission
from landbridge.enroll.manifests import apply, describe, read, remove
from landbridge.enroll.networks import outside
from landbridge.enroll.progress import Report
from landbridge.enroll.server import ADDRESS_LEAST, POLICY_LEAST, parsed, version_text
from landbridge.fleet import policy
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.policy import Limits
from landbridge.fleet.rbac import Manifest
from landbridge.kube.api import Api
from landbridge.kube.errors import ApiError, ForbiddenError, KubeError

NAMES = f"{policy.SYNC_POLICY} and {policy.TENANT_POLICY}"
_REFUSALS = (403, 404, 422)
"""Not allowed, not served, not understood: a server that is as it is, and no failure that may pass."""


async def limits(member: Api, cluster: Cluster) -> Limits | None:
    """What the policies hold us to there; ``None`` where the API server knows no such policies."""
    version = parsed(await version_text(member))
    if version < POLICY_LEAST:
        return None
    own = (*cluster.pod_cidrs, *cluster.service_cidrs)
    return Limits(cluster.namespaces, own, cluster.import_cidrs, by_address=version >= ADDRESS_LEAST)


def notes(admission: Admission, found: Limits | None) -> Iterable[str]:
    """What a person should know of them before."""
    cluster = admission.cluster
    if found is None:
        yield f"no admission policy: Kubernetes {POLICY_LEAST} is the first to know them; roles alone hold our account"
    elif not found.by_address:
        yield f"its admission policy leaves addresses alone: Kubernetes {ADDRESS_LEAST} is the first to compare them"
    for other in admission.others:
        yield from _barred(other, cluster)
        yield from _barred(cluster, other)


def _barred(provider: Cluster, consumer: Cluster) -> Iterable[str]:
    lacking = outside(provider.pod_cidrs, consumer.import_cidrs) if consumer.import_cidrs else []
    if lacking:
        yield (
            f"cluster {consumer.name} will refuse endpoints of {provider.name}: its --import-cidr lack "
            f"{', '.join(lacking)}; join {consumer.name} again with all of them to let them in"
        )


async def install(member: Api, found: Limits | None, undo: AsyncExitStack, report: Report) -> bool:
    """Put them into force, or change those that are; ``undo`` puts back what was there. Gives whether they are.

    Raises:
        KubeError: The member gave no answer, or failed.
    """
    if found is None:
        return False
    try:
        for manifest in policy.manifests(found):
            before = await read(member, manifest)
            if _of_another(before, manifest):
                report(_another(member, manifest, "as it is"))
                return False
            undo.push_async_callback(_put_back, member, manifest, before, report)  # the answer to a write may be lost
            await apply(member, manifest)
    except ApiError as error:
        if error.status not in _REFUSALS:
            raise
        report(
            f"no admission policy, or not all of it: {member.server} refuses: {error}. Sync works without; to have it, "
            f"let somebody join the cluster again who may write {policy.GROUP}"
        )
        return False
    report(f"admission policies {NAMES} are in {member.server}")
    return True


def _of_another(there: Manifest | None, manifest: Manifest) -> bool:
    """Whether what has the name of ours was made by somebody else, for something else."""
    return there is not None and not policy.OURS.items() <= (there["metadata"].get("labels") or {}).items()


def _another(member: Api, manifest: Manifest, how: str) -> str:
    return (
        f"{describe(manifest)} in {member.server} is not Landbridge's (it lacks its label {PART_OF}) and stays "
        f"{how}; to have the admission policies of Landbridge, let its owner rename it, and join again"
    )


async def _put_back(member: Api, manifest: Manifest, before: Manifest | None, report: Report) -> None:
    """What an interrupted join changed would else bar what the hub still allows."""
    try:
        if before is None:
            await remove(member, manifest, report)
        else:
            await apply(member, {**manifest, "spec": before["spec"]})
    except KubeError as error:
        report(f"{describe(manifest)} stays in {member.server} as this join wanted it: {error}; join again")


async def remove_policies(member: Api, report: Report) -> None:
    """Take them away, bindings first; whoever may not is told, and goes on.

    Raises:
        KubeError: The member gave no answer, or failed.
    """
    for manifest in policy.manifests(Limits())[::-1]:
        try:
            if _of_another(await read(member, manifest), manifest):
                report(_another(member, manifest, "there"))
                continue
            await remove(member, manifest, report)
        except ForbiddenError as error:
            report(f"{describe(manifest)} stays in {member.server}, if it is there: {error}; let somebody delete it")
