"""The clusters that Argo CD on the hub knows: Secrets in its namespace, whoever made them."""

from __future__ import annotations

from dataclasses import dataclass

from landbridge.api.core import SECRETS, Secret
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import ARGOCD_NAMESPACE, CLUSTER_UID
from landbridge.fleet.cluster import CLUSTER_SELECTOR
from landbridge.kube.api import Api
from landbridge.kube.errors import NotFoundError


@dataclass(frozen=True)
class Known:
    """A cluster as Argo CD knows it: what its Secret says, without the credentials."""

    meta: ObjectMeta
    name: str
    server: str

    @property
    def uid(self) -> str:
        """Which cluster it is, by our mark; empty where the Secret is not ours."""
        return self.meta.annotations.get(CLUSTER_UID, "")


async def known_clusters(hub: Api) -> list[Known]:
    """All of them."""
    secrets = (await hub.list(SECRETS, ARGOCD_NAMESPACE, selector=CLUSTER_SELECTOR)).items
    return sorted(map(_known, secrets), key=lambda known: known.meta.name)


async def find_cluster(hub: Api, secret: str) -> Known | None:
    """What is there in the Secret of that name, whatever it is."""
    try:
        return _known(await hub.get(SECRETS, secret, ARGOCD_NAMESPACE))
    except NotFoundError:
        return None


def _known(secret: Secret) -> Known:
    return Known(secret.metadata, _text(secret, "name"), _text(secret, "server").rstrip("/"))


def _text(secret: Secret, key: str) -> str:
    """Empty where it is not text: what Argo CD cannot read either is in nobody's way."""
    try:
        return secret.text(key)
    except ValueError:
        return ""
