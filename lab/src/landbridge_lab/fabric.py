"""The network between the clusters: a namespace with a bridge for each cluster, which routes between them."""

from dataclasses import dataclass

from landbridge_lab.addresses import Addresses
from landbridge_lab.site import Site


@dataclass(frozen=True)
class Fabric:
    """The fabric of a lab that is up."""

    site: Site

    async def cut(self, addresses: Addresses) -> None:
        """Drop packets from and to the pods of a cluster."""

    async def heal(self, addresses: Addresses) -> None:
        """Let them through again."""
