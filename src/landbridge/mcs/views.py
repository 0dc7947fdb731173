"""What a decision is made from: one Service, in one consumer, as the caches have it."""

from __future__ import annotations

from dataclasses import dataclass

from landbridge.api.core import Service
from landbridge.api.discovery import EndpointSlice
from landbridge.api.meta import Key
from landbridge.mcs.addresses import NOTHING, Gate
from landbridge.mcs.intent import Intent
from landbridge.mcs.limit import Limit


@dataclass(frozen=True)
class ProviderView:
    """A provider other than the consumer."""

    name: str
    live: bool
    """Whether its slices and Services are complete and current: else what it last said stays as it is (rule S7)."""
    service: Service | None
    slices: tuple[EndpointSlice, ...]
    """All slices of the Service, whoever manages them."""
    unread: frozenset[str] = frozenset()
    """Names of slices that are there and cannot be read: what was copied from them stays (rule S7)."""
    gate: Gate = NOTHING
    """Which of its addresses the consumer may have (rule S9)."""
    limit: Limit | None = None
    """How many of its endpoints the others get, if the Service moves there."""


@dataclass(frozen=True)
class ConsumerView:
    """The cluster that is written to; nothing is decided for it while it is not writable."""

    name: str
    service: Service | None
    imports: tuple[EndpointSlice, ...]
    """The slices of the Service that this fleet wrote."""
    own: tuple[EndpointSlice, ...] = ()
    """All other slices of the Service, if it is headless: what is imported must not have their host names."""


@dataclass(frozen=True)
class View:
    """Input of `plan.plan`."""

    fleet: str
    key: Key
    intent: Intent
    reason: str
    """Of the intent."""
    providers: tuple[ProviderView, ...]
    consumer: ConsumerView
    since: str
    """When this was first in view (RFC 3339, UTC): an older trigger time is not a live change."""
    current: bool = True
    """Whether the hub's word is current: else nobody counts as unlisted (rule S7)."""
    listed: tuple[str, ...] = ()
    """The providers as the spec lists them, the consumer too if it is one."""
    shared: bool = False
    """Whether host names belong to whose pod has them, and not all to one cluster."""
    gone: frozenset[str] = frozenset()
    """Clusters that a person sent away: what comes from them goes, also where nothing else may."""
