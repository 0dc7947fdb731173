"""A member's registration with Argo CD: a cluster Secret in its namespace, as `argocd cluster add` writes it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from landbridge.api.core import SECRETS, Secret
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import (
    ACK_CLUSTER_ID,
    ACK_CLUSTER_NAME,
    ARGOCD_NAMESPACE,
    CLUSTER_LABEL,
    CLUSTER_LABEL_VALUE,
    CLUSTER_UID,
)
from landbridge.enroll.admission import NAME_TAKEN, Admission, Wish
from landbridge.enroll.argocd.clusters import Known, find_cluster, known_clusters
from landbridge.enroll.argocd.installed import require_argocd
from landbridge.enroll.progress import Report
from landbridge.enroll.server import identity
from landbridge.fleet.cluster import PREFIX, Cluster, encode
from landbridge.fleet.refusal import RefusedError
from landbridge.fleet.settings import check_server, render_settings
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.errors import ConflictError, KubeError, NotFoundError

ALREADY_REGISTERED = "AlreadyRegistered"

OWN_NAME = "in-cluster"
OWN_SERVER = "https://kubernetes.default.svc"
"""The cluster that Argo CD runs in, which it knows without a Secret; to that address it never takes another way."""


@dataclass(frozen=True)
class Registration:
    """A member that may be registered, its token still missing."""

    name: str
    uid: str
    config: ServerConfig
    """Address by which Argo CD reaches it, and the CA."""
    before: bool = False
    """Whether it was registered before."""

    @property
    def secret(self) -> str:
        """Namespace and name of its Secret."""
        return f"{ARGOCD_NAMESPACE}/{PREFIX}{self.name}"


async def plan(hub: Api, admission: Admission, wish: Wish) -> Registration:
    """Check whether Argo CD may get to know the cluster.

    Raises:
        RefusedError: It must not, or not so; nothing was changed.
        KubeError: The hub refused, or gave no answer.
    """
    cluster = admission.cluster
    await require_argocd(hub)
    if await identity(hub) == cluster.uid:
        raise RefusedError(
            ALREADY_REGISTERED,
            f"{cluster.name} is the hub, which Argo CD on it knows as {OWN_NAME} ({OWN_SERVER}): leave --argocd out",
        )
    before = await find_cluster(hub, f"{PREFIX}{cluster.name}")
    stored = admission.before.cluster if admission.before else None
    default = stored.config.server if stored else ""
    return admit(cluster, wish, before, await known_clusters(hub), default)


def admit(
    cluster: Cluster, wish: Wish, before: Known | None, known: Sequence[Known], default: str = ""
) -> Registration:
    """Decide on a cluster, by what stands under the name of its Secret, and all clusters that Argo CD knows.

    ``default`` is the controller's address so far: where Argo CD has the same, that was not asked for, and follows.

    Raises:
        RefusedError: It must not be registered, or not so.
    """
    if before and before.uid != cluster.uid:
        raise RefusedError(
            NAME_TAKEN,
            f"Secret {before.meta.key} on the hub is not what a join of this cluster made: delete it if nobody needs "
            "it, or join by another name",
        )
    server = wish.argocd_server or _asked_for(before, default) or cluster.config.server
    check_server(
        server,
        "--argocd-server" if wish.argocd_server else f"`server` of Secret {ARGOCD_NAMESPACE}/{PREFIX}{cluster.name}",
    )
    registration = Registration(
        cluster.name,
        cluster.uid,
        replace(cluster.config.anonymous(), server=server),
        before is not None,
    )
    _check_unique(registration, [other for other in known if other.meta.name != f"{PREFIX}{cluster.name}"])
    return registration


def _asked_for(before: Known | None, default: str) -> str:
    return before.server if before and before.server != default.rstrip("/") else ""


def _check_unique(registration: Registration, others: Sequence[Known]) -> None:
    """Argo CD takes the first of two clusters with one address, and none of two with one name."""
    server = registration.config.server.rstrip("/")
    if server == OWN_SERVER:
        raise RefusedError(
            ALREADY_REGISTERED,
            f"{OWN_SERVER} is to Argo CD the cluster that it runs in: give the address of {registration.name} with "
            "--argocd-server",
        )
    if registration.name == OWN_NAME:
        raise RefusedError(NAME_TAKEN, f"Argo CD calls its own cluster {OWN_NAME}: join by another name")
    for other in others:
        if other.uid == registration.uid:
            raise RefusedError(
                ALREADY_REGISTERED,
                f"Secret {other.meta.key} on the hub is left over from joining this cluster as {other.name}: "
                f"`landbridge fleet leave {other.name}` first, or delete the Secret",
            )
        if other.server == server:
            raise RefusedError(
                ALREADY_REGISTERED,
                f"Argo CD knows this cluster already, by Secret {other.meta.key}: leave --argocd out; with "
                f"--from-argocd {other.meta.name} it joins by that Secret's credentials",
            )
        if other.name == registration.name:
            raise RefusedError(
                NAME_TAKEN,
                f"Argo CD calls the cluster of Secret {other.meta.key} {other.name} too, and would find neither by "
                f"name: join by another name; or if it is this cluster, leave --argocd out",
            )


def registration_secret(registration: Registration, token: str) -> Secret:
    """The Secret for Argo CD. It names no namespaces: those that a member allows are Landbridge's matter."""
    values = {
        "name": registration.name,
        "server": registration.config.server,
        "config": render_settings(registration.config, token),
    }
    meta = ObjectMeta(
        name=f"{PREFIX}{registration.name}",
        namespace=ARGOCD_NAMESPACE,
        labels={CLUSTER_LABEL: CLUSTER_LABEL_VALUE},
        annotations={
            CLUSTER_UID: registration.uid,
            ACK_CLUSTER_ID: registration.name,
            ACK_CLUSTER_NAME: registration.name,
        },
    )
    return Secret(metadata=meta, data={key: encode(value) for key, value in values.items()})


async def register(hub: Api, registration: Registration, token: str, undo: AsyncExitStack, report: Report) -> None:
    """Create the Secret, which ``undo`` takes back, or change the one that is there: what others put there stays.

    Raises:
        KubeError: The hub refused, gave no answer, or has such a Secret by now, which stays.
    """
    secret = registration_secret(registration, token)
    if registration.before:
        fields = {"labels": secret.metadata.labels, "annotations": secret.metadata.annotations}
        # of whatever version by now: these keys are ours alone, and a merge patch keeps all others
        await hub.merge_patch(SECRETS, secret.metadata, {"metadata": fields, "data": secret.data})
        return
    ours = await undo.enter_async_context(AsyncExitStack())
    ours.push_async_callback(_take_back, hub, registration, report)  # before, since the answer may be lost
    try:
        await hub.create(SECRETS, secret)
    except ConflictError:  # somebody else made one just now
        ours.pop_all()
        raise


async def _take_back(hub: Api, registration: Registration, report: Report) -> None:
    try:
        await unregister(hub, f"{PREFIX}{registration.name}", registration.uid, report)
    except KubeError as error:
        report(f"Secret {registration.secret} stays on the hub: {error}; delete it, or join again")


async def registered(hub: Api, name: str, uid: str) -> list[Known]:
    """The registrations of a member that are ours: the one by its name, and any that a former name left behind.

    Without its ``uid``, it is the cluster that the one by its name speaks of.
    """
    own = await _ours(hub, f"{PREFIX}{name}", uid)
    uid = uid or (own.uid if own else "")
    same = [known for known in await known_clusters(hub) if uid and known.uid == uid]
    return ([own] if own else []) + [known for known in same if own is None or known.meta.name != own.meta.name]


async def _ours(hub: Api, secret: str, uid: str) -> Known | None:
    found = await find_cluster(hub, secret)
    return found if found and found.uid and uid in ("", found.uid) else None


async def unregister(hub: Api, secret: str, uid: str, report: Report) -> None:
    """Delete a Secret that registers the cluster ``uid``, if it is there and ours.

    Raises:
        KubeError: The hub refused, or gave no answer.
    """
    while found := await _ours(hub, secret, uid):
        with contextlib.suppress(ConflictError, NotFoundError):  # somebody changed it between
            await hub.delete(SECRETS, found.meta)
            report(f"Secret {found.meta.key} deleted on the hub")
            return
