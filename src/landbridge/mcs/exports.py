"""Which slices of a provider may be copied (rule S2).

| the Service in the provider | slice managed by                 | exported                                |
|-----------------------------|----------------------------------|-----------------------------------------|
| none                        | -                                | no                                      |
| of type ExternalName        | -                                | no: nobody keeps them up any more       |
| with selector               | the control plane                | yes                                     |
| with selector               | anyone else                      | no                                      |
| without selector            | an import, of any tool           | no: it would come back as its own echo  |
| without selector            | anyone else                      | only if the Service carries the consent |

What names another Service, or is marked as a copy, is never exported: a control plane would leave it be.
"""

from __future__ import annotations

from collections.abc import Iterator

from landbridge.api.core import Service
from landbridge.api.discovery import EndpointSlice
from landbridge.api.names import CONTROL_PLANE_MANAGER, EXPORT_UNMANAGED, FLEET, MANAGER, SOURCE

OTHER_IMPORTERS = frozenset(
    {
        "endpointslice-controller.karmada.io",
        "endpointslice-dispatch-controller.karmada.io",
        "endpointslice-mesh-controller.cilium.io",
        "endpointslice.reflection.liqo.io",
        "lighthouse-agent.submariner.io",
    }
)
"""Values of managed-by with which other tools mark what they brought from elsewhere."""

_MULTICLUSTER = "multicluster.kubernetes.io/"


def exported(service: Service | None, slices: tuple[EndpointSlice, ...]) -> tuple[EndpointSlice, ...]:
    """The slices of a Service that its cluster offers to others."""
    if service is None or service.external_name:
        return ()
    if service.spec.selector:
        return tuple(s for s in _own(service, slices) if s.managed_by == CONTROL_PLANE_MANAGER)
    return _unmanaged(service, slices) if _consents(service) else ()


def unexported(service: Service | None, slices: tuple[EndpointSlice, ...]) -> tuple[EndpointSlice, ...]:
    """The slices that are there, brought by nobody from elsewhere, where none is exported (rule S10)."""
    if service is None or service.external_name or exported(service, slices):
        return ()
    return _unmanaged(service, slices)


def fits(consumer: Service, slice_: EndpointSlice) -> bool:
    """Whether a consumer's Service has the family of a slice: what else is in DNS nobody there can reach (rule S13)."""
    return not consumer.families or slice_.address_type in consumer.families


def _own(service: Service, slices: tuple[EndpointSlice, ...]) -> Iterator[EndpointSlice]:
    return (s for s in slices if s.service == service.metadata.name and SOURCE not in s.metadata.annotations)


def _unmanaged(service: Service, slices: tuple[EndpointSlice, ...]) -> tuple[EndpointSlice, ...]:
    return tuple(s for s in _own(service, slices) if not _imported(s))


def _consents(service: Service) -> bool:
    return service.metadata.annotations.get(EXPORT_UNMANAGED) == "true"


def _imported(slice_: EndpointSlice) -> bool:
    labels = slice_.metadata.labels
    return (
        slice_.managed_by == MANAGER
        or slice_.managed_by in OTHER_IMPORTERS
        or FLEET in labels
        or any(label.startswith(_MULTICLUSTER) for label in labels)
    )
