"""Which slices of a provider may be copied (rule S2).

| the Service in the provider | slice managed by                 | exported                                |
|-----------------------------|----------------------------------|-----------------------------------------|
| none                        | -                                | no                                      |
| with selector               | the control plane                | yes                                     |
| with selector               | anyone else                      | no                                      |
| without selector            | an import, of any tool           | no: it would come back as its own echo  |
| without selector            | anyone else                      | only if the Service carries the consent |

What names another Service, or is marked as a copy, is never exported: a control plane would leave it be.
"""

from __future__ import annotations

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
    if service is None:
        return ()
    own = (s for s in slices if s.service == service.metadata.name and SOURCE not in s.metadata.annotations)
    if service.spec.selector:
        return tuple(s for s in own if s.managed_by == CONTROL_PLANE_MANAGER)
    if service.metadata.annotations.get(EXPORT_UNMANAGED) != "true":
        return ()
    return tuple(s for s in own if not _imported(s))


def _imported(slice_: EndpointSlice) -> bool:
    labels = slice_.metadata.labels
    return (
        slice_.managed_by == MANAGER
        or slice_.managed_by in OTHER_IMPORTERS
        or FLEET in labels
        or any(label.startswith(_MULTICLUSTER) for label in labels)
    )
