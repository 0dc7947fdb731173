"""The service account of Argo CD in a member, apart from Landbridge's own (ADR 0009).

As `argocd cluster add` makes it: Argo CD deploys objects of any kind, so it gets the built-in role cluster-admin, and a
token without end from a Secret, since it renews none. It ends with the Secret, when the cluster leaves. All is in
kube-system, where no Landbridge controller may read Secrets: landbridge-system may be that of another fleet's hub.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from landbridge.api.core import NAMESPACES, SECRETS, SERVICE_ACCOUNTS
from landbridge.api.names import ACCOUNT_NAME, ACCOUNT_UID, ARGOCD_ACCOUNT, KUBE_SYSTEM
from landbridge.enroll.manifests import GONE_TIMEOUT, make, read, remove, wait_gone
from landbridge.enroll.progress import Report
from landbridge.enroll.trial import Connect, try_token
from landbridge.enroll.waiting import until
from landbridge.fleet.rbac import RBAC, Manifest
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import ForbiddenError, NotFoundError, UnauthorizedError

TOKEN_TIMEOUT = 30.0
"""Seconds for the control plane to put a token into the Secret."""

_DUTY = "Argo CD of the hub in a member: deploys what Git says, of any kind"


def manifests() -> list[Manifest]:
    """The objects that make the account, in the order to apply them."""
    return [
        _object("v1", "ServiceAccount"),
        _object(
            f"{RBAC}/v1",
            "ClusterRoleBinding",
            namespace="",
            roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
            subjects=[{"kind": "ServiceAccount", "name": ARGOCD_ACCOUNT, "namespace": KUBE_SYSTEM}],
        ),
        _object("v1", "Secret", {ACCOUNT_NAME: ARGOCD_ACCOUNT}, type="kubernetes.io/service-account-token"),
    ]


def _object(
    api_version: str,
    kind: str,
    annotations: dict[str, str] | None = None,
    *,
    namespace: str = KUBE_SYSTEM,
    **fields: Any,
) -> Manifest:
    where = {"namespace": namespace} if namespace else {}
    notes = {"kubernetes.io/description": _DUTY, **(annotations or {})}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": ARGOCD_ACCOUNT, **where, "annotations": notes},
        **fields,
    }


async def make_account(
    member: Api, reached: ServerConfig, undo: AsyncExitStack, report: Report, connect: Connect
) -> str:
    """Make the account in the member, and try its token at the address by which a person reaches it; the token.

    What is new is taken back by ``undo``.

    Raises:
        RefusedError: The rules or the token do not work there.
        TimedOutError: Nobody filled the Secret.
        KubeError: The member refused, or gave no answer.
    """
    await make(member, manifests(), undo, report)
    report(f"account {ARGOCD_ACCOUNT}, cluster-admin for Argo CD, is in {member.server}")
    token = await _token(member, undo, report)
    # An API server that saw the Secret while it was empty refuses its token until it sees it filled.
    api = connect(reached.anonymous(), StaticToken(token))
    await try_token(api, NAMESPACES, late=(ForbiddenError, UnauthorizedError), mend="mend that, and join again")
    report(f"{reached.server} accepts the token of {ARGOCD_ACCOUNT}")
    return token


async def _token(member: Api, undo: AsyncExitStack, report: Report) -> str:
    """The token, once it is there. A Secret that belonged to an account before this one goes first, by itself."""
    account = await member.get(SERVICE_ACCOUNTS, ARGOCD_ACCOUNT, KUBE_SYSTEM)
    token = ""

    async def done() -> bool:
        nonlocal token
        try:
            secret = await member.get(SECRETS, ARGOCD_ACCOUNT, KUBE_SYSTEM)
        except NotFoundError:
            await make(member, manifests()[-1:], undo, report)
            return False
        if secret.metadata.annotations.get(ACCOUNT_UID) == account.metadata.uid:
            token = secret.text("token")
        return bool(token)

    late = (
        f"Secret {KUBE_SYSTEM}/{ARGOCD_ACCOUNT} in {member.server} has no token after {TOKEN_TIMEOUT:.0f} s: its "
        "controller manager should put one there; see whether it runs, then join again"
    )
    await until(done, TOKEN_TIMEOUT, lambda: late, every=0.1)
    return token


async def has_account(member: Api) -> bool:
    """Whether the account is there, or what binds it, which outlives an account that a person deleted."""
    account, binding, _ = manifests()
    return bool(await read(member, binding) or await read(member, account))


async def remove_account(member: Api, report: Report) -> None:
    """Remove what is there of the account, last made first: with the Secret, its token ends.

    Raises:
        TimedOutError: Something of it is still there.
        KubeError: The member refused, or gave no answer.
    """
    if not await has_account(member):
        return
    ours = manifests()[::-1]
    for manifest in ours:
        await remove(member, manifest, report)
    await wait_gone(member, ours, GONE_TIMEOUT)
