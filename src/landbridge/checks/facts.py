"""What was seen of one Service, in all clusters that concern it; read from the clusters, not from a status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from landbridge.api.core import Service
from landbridge.api.discovery import EndpointSlice
from landbridge.api.meta import Key
from landbridge.api.multicluster import MultiClusterService
from landbridge.fleet.trouble import Trouble
from landbridge.mcs.cluster_view import ClusterView
from landbridge.mcs.views import View


@dataclass(frozen=True)
class Controller:
    """What the Lease says."""

    state: Literal["AtWork", "Silent", "Stopped", "None", "NotSeen"]
    """Silent is one that did not renew its Lease; of None no trace was ever seen; NotSeen is a Lease out of sight."""
    text: str
    """Is one at work, and if not, what to do; a sentence without its full stop."""
    seen: str = ""
    """When it last renewed its Lease (RFC 3339)."""

    @property
    def at_work(self) -> bool:
        """Whether it follows what happens."""
        return self.state == "AtWork"


@dataclass(frozen=True)
class Seen:
    """One cluster that answered."""

    service: Service | None
    slices: tuple[EndpointSlice, ...]
    """All of the Service, whoever manages them."""
    view: View
    """What the controller would decide from, had it seen just this."""


@dataclass(frozen=True)
class Facts:
    """Everything that is judged. A cluster is in ``seen`` or in ``unseen``, never in both."""

    key: Key
    mcs: MultiClusterService | None
    fleet: str
    """Its uid; empty where it is out of sight."""
    controller: Controller
    at: str
    """When all of this was so (RFC 3339, UTC)."""
    seen: Mapping[str, Seen] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Why a cluster could not be read."""
    rows: tuple[ClusterView, ...] = ()
    """What the controller would write a status from, had it seen just this: the clusters of the spec."""
    left: Mapping[str, str] = field(default_factory=dict)
    """What the end of one that is being deleted waits for, by cluster."""
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    """What the controller left word of, by cluster."""

    @property
    def joining(self) -> MultiClusterService | None:
        """The MultiClusterService, unless it is being deleted."""
        return None if self.mcs and self.mcs.metadata.deletion_timestamp else self.mcs

    @property
    def clusters(self) -> tuple[str, ...]:
        """Those that it speaks of; without a MultiClusterService, all that there are."""
        return self.mcs.spec.clusters if self.mcs else tuple(sorted({*self.seen, *self.unseen}))
