"""What consumers hold, seen past everything that is done to the controller's way there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.meta import Key
from landbridge.api.names import MANAGED_BY, MANAGER, SOURCE_CLUSTER
from landbridge.kube.api import Api
from landbridge.kube.informer import Informer
from tests.soak.verdict import Loss, Service

STEADY = 200
"""Last part of the address that a provider publishes throughout, in one slice or another."""


class Observer:
    """Follows the imports of one consumer, and notes when one of the steady endpoints is lost."""

    def __init__(self, name: str, api: Api, prefix: str, clock: Callable[[], float]) -> None:
        self.losses: list[Loss] = []
        self._name = name
        self._prefix = prefix
        self._clock = clock
        self._had: set[tuple[Service, str]] = set()
        self._informer = Informer(api, SLICES, on_change=self._look, on_contact=lambda: None, index=_service)

    async def run(self) -> None:
        """Follow, forever."""
        await self._informer.run()

    def _look(self, key: Key) -> None:
        if not key.namespace.startswith(self._prefix):
            return
        service = (key.namespace, key.name)
        now = {(service, provider) for provider in steady(self._informer.store.group(key))}
        for lost in {had for had in self._had if had[0] == service} - now:
            self.losses.append(Loss(self._clock(), self._name, lost[1], service))
            self._had.discard(lost)
        self._had |= now


def steady(slices: tuple[EndpointSlice, ...]) -> set[str]:
    """The providers whose steady endpoint is among these imports."""
    return {
        slice_.metadata.labels.get(SOURCE_CLUSTER, "")
        for slice_ in slices
        if slice_.metadata.labels.get(MANAGED_BY) == MANAGER
        for endpoint in slice_.endpoints or ()
        if endpoint.addresses[0].endswith(f".{STEADY}")
    }


def by_provider(slices: list[EndpointSlice]) -> dict[tuple[Service, str], frozenset[tuple[str, bool]]]:
    """Endpoints of imports, by Service and provider; an import without endpoints counts, too."""
    found: defaultdict[tuple[Service, str], set[tuple[str, bool]]] = defaultdict(set)
    for slice_ in slices:
        key = (slice_.metadata.namespace, slice_.service), slice_.metadata.labels.get(SOURCE_CLUSTER, "")
        found[key] |= {(endpoint.addresses[0], endpoint.ready) for endpoint in slice_.endpoints or ()}
    return {key: frozenset(endpoints) for key, endpoints in found.items()}


def _service(slice_: EndpointSlice) -> Key:
    """By the import's name, which begins with the Service's: labels may be taken away."""
    if slice_.managed_by == MANAGER:
        return Key(slice_.metadata.namespace, slice_.metadata.name.rpartition("-")[0])
    return Key(slice_.metadata.namespace, slice_.service)
