"""The members of a fleet, as the hub's cluster Secrets name them; also those whose Secret cannot be used."""

from __future__ import annotations

from dataclasses import dataclass

from landbridge.api.core import SECRETS, Secret
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import CLUSTER_UID, SYSTEM_NAMESPACE
from landbridge.fleet.cluster import CLUSTER_SELECTOR, PREFIX, Cluster, read_cluster
from landbridge.fleet.settings import RefusedClusterError
from landbridge.kube.api import Api
from landbridge.kube.errors import NotFoundError


@dataclass(frozen=True)
class Entry:
    """A cluster Secret: the cluster that it describes, or why it describes none."""

    meta: ObjectMeta
    cluster: Cluster | None
    refusal: RefusedClusterError | None = None

    @property
    def name(self) -> str:
        """The id of the cluster."""
        return self.meta.name.removeprefix(PREFIX)

    @property
    def uid(self) -> str:
        """Which cluster it is."""
        return self.meta.annotations.get(CLUSTER_UID, "")

    @property
    def leaving(self) -> bool:
        """Whether it is on its way out."""
        return self.meta.deletion_timestamp is not None


async def members(hub: Api) -> list[Entry]:
    """All members, by name."""
    secrets = (await hub.list(SECRETS, SYSTEM_NAMESPACE, selector=CLUSTER_SELECTOR)).items
    return sorted(map(_entry, secrets), key=lambda member: member.name)


async def find(hub: Api, name: str) -> Entry | None:
    """The member of that name."""
    try:
        return _entry(await hub.get(SECRETS, f"{PREFIX}{name}", SYSTEM_NAMESPACE))
    except NotFoundError:
        return None


def _entry(secret: Secret) -> Entry:
    try:
        return Entry(secret.metadata, read_cluster(secret))
    except RefusedClusterError as refusal:
        return Entry(secret.metadata, None, refusal)
