"""Objects in as few words as a test needs."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from landbridge.api.core import Service, ServiceSpec
from landbridge.api.discovery import Conditions, Endpoint, EndpointPort, EndpointSlice
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.multicluster import ClusterRef, MultiClusterService, MultiClusterServiceSpec
from landbridge.api.names import CONTROL_PLANE_MANAGER, FINALIZER, LAST_CHANGE, MANAGED_BY, SERVICE_NAME
from landbridge.fleet.cluster import Cluster
from landbridge.kube.config import ServerConfig

FLEET_UID = "fleet-1"
SERVICE2 = Key("mcs-demo", "service2")
POD_CIDRS = {"old": ("10.1.0.0/16", "fd00::/64"), "new": ("10.2.0.0/16",), "third": ("10.3.0.0/16",)}
SERVICE_CIDRS = ("10.96.0.0/16",)
ENDED = "2026-01-01T00:00:00Z"


def service(
    key: Key = SERVICE2,
    *,
    selector: bool = True,
    headless: bool = False,
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> Service:
    meta = ObjectMeta(key.name, key.namespace, annotations=annotations or {})
    address = "None" if headless else "10.96.0.7"
    return Service(meta, ServiceSpec(address, {"app": key.name} if selector else None, **spec))


def endpoint(address: str, *, ready: bool | None = True, hostname: str | None = None) -> Endpoint:
    return Endpoint((address,), Conditions(ready, ready, False), hostname)


def slice_(
    name: str = "service2-abcde",
    *addresses: str,
    key: Key = SERVICE2,
    manager: str = CONTROL_PLANE_MANAGER,
    labels: dict[str, str] | None = None,
    ready: bool | None = True,
    changed: str = "",
    address_type: str = "IPv4",
) -> EndpointSlice:
    """A slice as a provider's own control plane would write it, unless said otherwise."""
    return EndpointSlice(
        ObjectMeta(
            name,
            key.namespace,
            labels={SERVICE_NAME: key.name, MANAGED_BY: manager} | (labels or {}),
            annotations={LAST_CHANGE: changed} if changed else {},
        ),
        address_type,
        tuple(endpoint(address, ready=ready) for address in addresses or ("10.1.0.1",)),
        (EndpointPort("http", "TCP", 8080),),
    )


def mcs(
    providers: str = "old new",
    consumers: str = "old new",
    *,
    key: Key = SERVICE2,
    finalizers: tuple[str, ...] = (FINALIZER,),
    ending: bool = False,
    generation: int = 1,
) -> MultiClusterService:
    return MultiClusterService(
        ObjectMeta(
            key.name,
            key.namespace,
            generation=generation,
            finalizers=finalizers,
            deletion_timestamp=ENDED if ending else None,
        ),
        MultiClusterServiceSpec(_refs(providers), _refs(consumers)),
    )


def _refs(names: str) -> tuple[ClusterRef, ...]:
    return tuple(map(ClusterRef, names.split()))


def cluster(name: str, *, namespaces: str = "", leaving: bool = False) -> Cluster:
    meta = ObjectMeta(
        f"cluster-{name}", "landbridge-system", deletion_timestamp=ENDED if leaving else None, finalizers=(FINALIZER,)
    )
    config = ServerConfig(f"https://{name}:6443", ca=None)
    return Cluster(
        name, config, "token", frozenset(namespaces.split()), POD_CIDRS.get(name, ()), SERVICE_CIDRS, meta=meta
    )


def versioned(obj: EndpointSlice, version: str) -> EndpointSlice:
    return replace(obj, metadata=replace(obj.metadata, resource_version=version))
