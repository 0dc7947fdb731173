"""What a provider offers and a consumer does not get, and why (rules S10, S13); pure, and for the status alone."""

from __future__ import annotations

from collections.abc import Iterator

from landbridge.api.core import Service
from landbridge.mcs.conflicts import HOSTNAME, IP_FAMILY, named
from landbridge.mcs.exports import exported, fits
from landbridge.mcs.hostnames import taken
from landbridge.mcs.views import View


def withheld(view: View) -> tuple[tuple[str, str], ...]:
    """Reasons, each with a message."""
    service = view.consumer.service
    return (*_other_families(view, service), *_taken_names(view, service)) if service else ()


def _other_families(view: View, service: Service) -> Iterator[tuple[str, str]]:
    here, has = view.consumer.name, ", ".join(service.families)
    for provider in view.providers:
        left = [s for s in exported(provider.service, provider.slices) if s.endpoints and not fits(service, s)]
        families = ", ".join(sorted({slice_.address_type for slice_ in left}))
        if families:
            text = f"{here}: {families} addresses of {provider.name} are not imported, its Service has {has} alone"
            yield IP_FAMILY, text


def _taken_names(view: View, service: Service) -> Iterator[tuple[str, str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for name, cluster, holder in taken(view, service):
        found.setdefault((cluster, holder), []).append(name)
    for (cluster, holder), names in found.items():
        what = f"{view.consumer.name}: host name {named(names)} of {cluster} is not imported, {holder} holds it too"
        yield HOSTNAME, f"{what}; scale one of the two down, or take its cluster off the providers"
