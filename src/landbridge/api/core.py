"""Kinds of the core API group."""

from __future__ import annotations

import base64

import msgspec

from landbridge.api.kind import Kind
from landbridge.api.meta import Lean, Object


class ServicePort(Lean, frozen=True, gc=False):
    """What callers connect to; which port of a pod that is, its slices say."""

    name: str | None = None
    protocol: str | None = None
    port: int | None = None
    app_protocol: str | None = None


class ClientIP(Lean, frozen=True, gc=False):
    """How long a client address stays with an endpoint."""

    timeout_seconds: int | None = None


class SessionAffinityConfig(Lean, frozen=True, gc=False):
    """How session affinity works."""

    client_ip: ClientIP | None = msgspec.field(default=None, name="clientIP")


class ServiceSpec(Lean, frozen=True, gc=False):
    """How a Service routes."""

    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    selector: dict[str, str] | None = None
    traffic_distribution: str | None = None
    type: str | None = None
    ports: tuple[ServicePort, ...] | None = None
    ip_families: tuple[str, ...] | None = None
    session_affinity: str | None = None
    session_affinity_config: SessionAffinityConfig | None = None
    internal_traffic_policy: str | None = None
    external_traffic_policy: str | None = None
    publish_not_ready_addresses: bool | None = None


class Service(Object, frozen=True, gc=False):
    """A Service: its existence in a consumer is that cluster's consent to imports."""

    spec: ServiceSpec = ServiceSpec()

    @property
    def headless(self) -> bool:
        """Whether DNS answers with the pods themselves."""
        return self.spec.cluster_ip == "None"

    @property
    def external_name(self) -> bool:
        """Whether DNS answers with another name: nobody keeps up its slices, and nobody reads them."""
        return self.spec.type == "ExternalName"

    @property
    def families(self) -> tuple[str, ...]:
        """Its IP families, which are address types of slices, too; empty where it does not say."""
        return self.spec.ip_families or ()


class NodeSpec(Lean, frozen=True, gc=False):
    """What a node says of its pod addresses; many CNIs do not use it."""

    pod_cidrs: tuple[str, ...] = msgspec.field(default=(), name="podCIDRs")


class Node(Object, frozen=True, gc=False):
    """A node of a member."""

    spec: NodeSpec = NodeSpec()


class Secret(Object, frozen=True, gc=False):
    """A Secret; values stay base64 until asked for, and are never shown."""

    data: dict[str, str] | None = None
    type: str = "Opaque"

    def text(self, key: str) -> str:
        """The decoded value of ``key``; empty where there is none."""
        return base64.b64decode((self.data or {}).get(key, "")).decode()

    def __repr__(self) -> str:
        return f"Secret({self.metadata.key}, keys={sorted(self.data or {})})"


class ConfigMap(Object, frozen=True, gc=False):
    """A ConfigMap."""

    data: dict[str, str] | None = None


SERVICES = Kind("", "v1", "services", "Service", Service)
NAMESPACES = Kind("", "v1", "namespaces", "Namespace", Object)
NODES = Kind("", "v1", "nodes", "Node", Node)
SECRETS = Kind("", "v1", "secrets", "Secret", Secret)
CONFIG_MAPS = Kind("", "v1", "configmaps", "ConfigMap", ConfigMap)
SERVICE_ACCOUNTS = Kind("", "v1", "serviceaccounts", "ServiceAccount", Object)
