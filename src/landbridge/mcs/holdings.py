"""What imports a cluster holds: those that its fleet explains, those that nothing explains, and other fleets'; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from landbridge.api.discovery import EndpointSlice
from landbridge.api.meta import Key
from landbridge.clusters.ownership import imported, service_of, stranger


@dataclass(frozen=True)
class Holdings:
    """All imports in one cluster, told apart in one pass over its slices."""

    imports: int
    """Of our fleet."""
    unexplained: tuple[EndpointSlice, ...]
    """Those of them that no MultiClusterService, and no debt, speaks of."""
    foreign: Counter[str]
    """How many imports each other fleet has here, by its uid."""

    @property
    def services(self) -> set[Key]:
        """Whose imports nothing explains."""
        return set(map(service_of, self.unexplained))


def holdings(slices: Iterable[EndpointSlice], fleet: str, explained: Callable[[Key], bool]) -> Holdings:
    """Tell them apart."""
    imports, unexplained, foreign = 0, [], Counter[str]()
    for slice_ in slices:
        if imported(slice_, fleet):
            imports += 1
            if not explained(service_of(slice_)):
                unexplained.append(slice_)
        elif other := stranger(slice_, fleet):
            foreign[other] += 1
    return Holdings(imports, tuple(unexplained), foreign)
