"""Kinds of networking.k8s.io."""

from __future__ import annotations

from landbridge.api.kind import Kind
from landbridge.api.meta import Lean, Object


class ServiceCIDRSpec(Lean, frozen=True, gc=False):
    """Networks that ClusterIPs are taken from."""

    cidrs: tuple[str, ...] = ()


class ServiceCIDR(Object, frozen=True, gc=False):
    """A part of a cluster's service networks, Kubernetes 1.33 and later."""

    spec: ServiceCIDRSpec = ServiceCIDRSpec()


SERVICE_CIDRS = Kind("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", ServiceCIDR)
