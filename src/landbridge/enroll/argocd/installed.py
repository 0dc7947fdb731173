"""Whether the hub has an Argo CD."""

from __future__ import annotations

from landbridge.api.core import NAMESPACES
from landbridge.api.names import ARGOCD_NAMESPACE
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.errors import NotFoundError

NO_ARGOCD = "NoArgoCD"


async def require_argocd(hub: Api) -> None:
    """Make sure that the hub has a namespace for Argo CD.

    Raises:
        RefusedError: It has none.
    """
    try:
        await hub.get(NAMESPACES, ARGOCD_NAMESPACE)
    except NotFoundError:
        raise no_argocd(f"{hub.server} has no namespace {ARGOCD_NAMESPACE}") from None


def no_argocd(what: str) -> RefusedError:
    """The refusal for want of an Argo CD; ``what`` says what is missing where."""
    return RefusedError(NO_ARGOCD, f"{what}: install Argo CD on the hub first, in namespace {ARGOCD_NAMESPACE}")
