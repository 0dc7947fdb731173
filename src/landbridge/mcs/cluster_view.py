"""What is seen of one cluster, for the status of one MultiClusterService."""

from __future__ import annotations

from dataclasses import dataclass

from landbridge.api.core import Service


@dataclass(frozen=True)
class ClusterView:
    """One cluster of the spec, as the caches have it."""

    name: str
    joined: bool
    """Whether the fleet has such a cluster, and it is not leaving."""
    live: bool
    """Whether that of it is in view which its roles need."""
    trouble: str
    """Why it is not live."""
    allowed: bool
    namespace: bool
    """Whether the namespace exists there, as far as is known."""
    service: Service | None
    own_ready: int
    imported_ready: int
    refused: str
    """Why the last write was forbidden."""
    failed: str
    """Why the last write failed for another reason."""
    pending: bool
    """Whether there is something left to write."""
    successor: str = ""
    """Why its new address or CA is not in use yet, where it has one."""
    strangers: tuple[str, ...] = ()
    """Other fleets that import endpoints of the Service too, by uid."""
    current: bool = True
    """Whether its Service is known as it is now."""
    unexported: int = 0
    """How many slices it has as a provider, where it exports none of them."""
    withheld: tuple[tuple[str, str], ...] = ()
    """Why, and what, it does not import of what others offer."""
    unread: str = ""
    """What of the Service is there and cannot be read."""
    offered: str = ""
    """How many of its endpoints the others get, where a ServiceMigration limits that."""
