"""EndpointSlices, read and written with exactly the fields that a copy may carry (rule S4).

nodeName, zone, hints and targetRef have no field here: decoding drops them, so that no consumer is ever steered by
another cluster's nodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from landbridge.api.kind import Kind
from landbridge.api.meta import Lean, Object
from landbridge.api.names import MANAGED_BY, SERVICE_NAME


class Conditions(Lean, frozen=True, gc=False):
    """State of an endpoint; ``None`` reads as ready and serving."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(Lean, frozen=True, gc=False):
    """One backend."""

    addresses: tuple[str, ...] = ()
    conditions: Conditions = Conditions()
    hostname: str | None = None

    @property
    def ready(self) -> bool:
        """Ready as Kubernetes reads it: unknown counts as ready."""
        return self.conditions.ready is not False


class EndpointPort(Lean, frozen=True, gc=False):
    """A port that all endpoints of the slice serve."""

    name: str | None = None
    protocol: str | None = None
    port: int | None = None
    app_protocol: str | None = None


class EndpointSlice(Object, frozen=True, gc=False):
    """Some of the endpoints of a Service, of one address type."""

    address_type: str = ""
    endpoints: tuple[Endpoint, ...] | None = None
    ports: tuple[EndpointPort, ...] | None = None

    @property
    def service(self) -> str:
        """Name of the Service it belongs to; empty where it belongs to none."""
        return self.metadata.labels.get(SERVICE_NAME, "")

    @property
    def managed_by(self) -> str:
        """Who keeps it up to date."""
        return self.metadata.labels.get(MANAGED_BY, "")

    @property
    def effective_ports(self) -> tuple[EndpointPort, ...]:
        """The ports with the API server's defaults filled in, so that a default is not a difference."""
        return tuple(
            EndpointPort(port.name or "", port.protocol or "TCP", port.port, port.app_protocol)
            for port in self.ports or ()
        )

    @property
    def ready(self) -> int:
        """Number of ready endpoints."""
        return sum(endpoint.ready for endpoint in self.endpoints or ())


def ready(slices: Iterable[EndpointSlice]) -> int:
    """Number of ready endpoints of one cluster: one that has addresses of two families, in two slices, counts once."""
    of_each_family = Counter[str]()
    for slice_ in slices:
        of_each_family[slice_.address_type] += slice_.ready
    return max(of_each_family.values(), default=0)


SLICES = Kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", EndpointSlice)
