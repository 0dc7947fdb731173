"""What providers publish and consumers hold, seen past everything that is done to the controller's way there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.meta import Key
from landbridge.api.names import CONTROL_PLANE_MANAGER, MANAGER, SOURCE_CLUSTER
from landbridge.kube.api import Api
from landbridge.kube.informer import Informer
from tests.soak.journal import Journal
from tests.soak.verdict import Gap, Loss, Service

STEADY = 200
"""Last part of the address that a provider publishes throughout, in one slice or another."""


class Observer:
    """Follows the slices of one cluster: which steady endpoints it loses, when it publishes none itself, and what it is
    sent of a provider that is dark (``dark`` names it, by Service)."""

    def __init__(self, name: str, api: Api, prefix: str, journal: Journal, dark: Mapping[Service, str]) -> None:
        self.losses: list[Loss] = []
        self.gaps: list[Gap] = []
        self.leaks: list[str] = []
        self._dark = dark
        self._name = name
        self._prefix = prefix
        self._journal = journal
        self._had: defaultdict[Service, set[str]] = defaultdict(set)
        """By Service: of which provider it has the endpoint."""
        self._informer = Informer(api, SLICES, on_change=self._look, on_contact=lambda: None, index=_service)

    async def run(self) -> None:
        """Follow, forever."""
        await self._informer.run()

    def _look(self, key: Key) -> None:
        if not key.namespace.startswith(self._prefix):
            return
        service = (key.namespace, key.name)
        slices = self._informer.store.group(key)
        had, now = self._had[service], steady(self._name, slices)
        self._journal.note(f"{self._name} {key}: {', '.join(sorted(map(_brief, slices))) or 'nothing'}")
        self._had[service] = now
        if leaked := sent(self._dark.get(service, ""), slices):
            self.leaks.append(
                f"{self._journal.now():.2f} s: {self._name} has {', '.join(sorted(leaked))} of a dark provider"
            )
        self.losses += [Loss(self._journal.now(), self._name, lost, service) for lost in had - now - {self._name}]
        if self._name in had - now:
            self.gaps.append(Gap(self._name, service, self._journal.now()))
        if self._name in now - had:
            self.gaps = [self._closed(gap, service) for gap in self.gaps]

    def _closed(self, gap: Gap, service: Service) -> Gap:
        still = gap.service == service and gap.end == float("inf")
        return replace(gap, end=self._journal.now()) if still else gap


def steady(own: str, slices: tuple[EndpointSlice, ...]) -> set[str]:
    """The providers whose steady endpoint is in these slices of a cluster of that name."""
    return {
        own if slice_.managed_by == CONTROL_PLANE_MANAGER else slice_.metadata.labels.get(SOURCE_CLUSTER, "")
        for slice_ in slices
        if slice_.managed_by in (MANAGER, CONTROL_PLANE_MANAGER)
        for endpoint in slice_.endpoints or ()
        if endpoint.addresses[0].endswith(f".{STEADY}")
    }


def sent(provider: str, slices: tuple[EndpointSlice, ...]) -> set[str]:
    """The addresses that these slices of a cluster have of a provider."""
    return {
        endpoint.addresses[0]
        for slice_ in slices
        if slice_.managed_by == MANAGER and slice_.metadata.labels.get(SOURCE_CLUSTER) == provider
        for endpoint in slice_.endpoints or ()
    }


def _brief(slice_: EndpointSlice) -> str:
    numbers = " ".join(endpoint.addresses[0].rpartition(".")[2] for endpoint in slice_.endpoints or ())
    return f"{slice_.metadata.name}@{slice_.metadata.resource_version} ({numbers})"


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
