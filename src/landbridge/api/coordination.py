"""The Lease: says which controller is active, and that it lives."""

from __future__ import annotations

from landbridge.api.kind import Kind
from landbridge.api.meta import Lean, Object


class LeaseSpec(Lean, frozen=True, gc=False):
    """Who holds the lease, since when; times are RFC 3339 with microseconds."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class Lease(Object, frozen=True, gc=False):
    """A coordination.k8s.io Lease."""

    spec: LeaseSpec = LeaseSpec()


LEASES = Kind("coordination.k8s.io", "v1", "leases", "Lease", Lease)
