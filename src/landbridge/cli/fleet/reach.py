"""How a command reaches a member: by a context of your kubeconfig, or by what Argo CD on the hub has."""

from __future__ import annotations

from pathlib import Path

from landbridge.enroll.argocd.source import read_source
from landbridge.enroll.trial import Connect, try_address
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig, load
from landbridge.kube.credentials import StaticToken

NO_CONTEXT = "NoContext"
CONFLICTING_OPTIONS = "ConflictingOptions"


def check_one(name: str, context: str | None, from_argocd: str | None, *, optional: bool = False) -> None:
    """Raise unless a person names the cluster in one way, or in none where that is ``optional``.

    Raises:
        RefusedError: Both ways, or none.
    """
    if context is not None and from_argocd is not None:
        raise RefusedError(CONFLICTING_OPTIONS, "--context and --from-argocd both name the cluster: give one of them")
    if context is None and from_argocd is None and not optional:
        raise RefusedError(
            NO_CONTEXT,
            f"give the context of {name} with --context, or the Secret by which Argo CD knows it with --from-argocd: "
            "something has to be done there",
        )


def check_server(server: str, from_argocd: str | None) -> None:
    """Raise where a person gives an address for a cluster that is named by its context.

    Raises:
        RefusedError: So it is.
    """
    if server and from_argocd is None:
        raise RefusedError(CONFLICTING_OPTIONS, "--server is for --from-argocd: a context has its own address")


async def member_config(
    hub: Api,
    context: str | None,
    from_argocd: str | None,
    kubeconfig: Path | None,
    *,
    server: str = "",
    lost: bool = False,
    connect: Connect = Api,
) -> ServerConfig:
    """How to reach a member; one of Argo CD's, at ``server`` if that is given, where it answers or may be ``lost``.

    Raises:
        RefusedError: What Argo CD has cannot be used.
        ConfigError: What the kubeconfig has cannot be used.
        KubeError: The hub refused, or gave no answer, or nobody answers where Argo CD finds the member.
    """
    if from_argocd is None:
        return load(context, kubeconfig)
    config = await read_source(hub, from_argocd, server)
    if not lost:
        # what only Argo CD can reach is told with the option that gives another address; no credentials go there
        await try_address(
            connect(config.anonymous(), StaticToken()), "give an address that works from here with --server"
        )
    return config
