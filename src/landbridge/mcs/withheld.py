"""What a provider offers and a consumer does not get, and why (rules S9, S10, S13); pure, and for the status alone."""

from __future__ import annotations

from collections.abc import Iterator

from landbridge.api.core import Service
from landbridge.api.names import HOST_NAMES, SHARED
from landbridge.mcs.conflicts import ADDRESS_FILTERED, HOSTNAME, IP_FAMILY, named
from landbridge.mcs.exports import exported, fits
from landbridge.mcs.hostnames import holders, taken
from landbridge.mcs.offers import filtered
from landbridge.mcs.views import View


def withheld(view: View) -> tuple[tuple[str, str], ...]:
    """Reasons, each with a message."""
    service = view.consumer.service
    if service is None:
        return ()
    return (
        *_other_families(view, service),
        *_filtered_addresses(view, service),
        *_taken_names(view, service),
    )


def _other_families(view: View, service: Service) -> Iterator[tuple[str, str]]:
    here, has = view.consumer.name, ", ".join(service.families)
    for provider in view.providers:
        left = [s for s in exported(provider.service, provider.slices) if s.endpoints and not fits(service, s)]
        families = ", ".join(sorted({slice_.address_type for slice_ in left}))
        if families:
            text = f"{here}: {families} addresses of {provider.name} are not imported, its Service has {has} alone"
            yield IP_FAMILY, text


def _filtered_addresses(view: View, service: Service) -> Iterator[tuple[str, str]]:
    for provider in view.providers:
        if found := filtered(provider, service):
            text = f"{view.consumer.name}: {len(found)} endpoint(s) of {provider.name} are not imported"
            example = provider.gate.why(*found[0])
            command = f"landbridge fleet join {provider.name} --context <its context> --pod-cidr <each of its networks>"
            yield ADDRESS_FILTERED, f"{text}: {example}; if its pods are there, run: {command}"


def _taken_names(view: View, service: Service) -> Iterator[tuple[str, str]]:
    held = holders(view, service)
    found: dict[tuple[str, str], list[str]] = {}
    for name, cluster in taken(view, service, held):
        found.setdefault((cluster, held.each.get(name, "")), []).append(name)
    for (cluster, other), names in found.items():
        what = f"{view.consumer.name}: host name {named(names)} of {cluster} is not imported"
        yield HOSTNAME, f"{what}, {_twice(other) if other else _all_of(held.holder)}"


def _twice(other: str) -> str:
    return f"{other} holds it too; scale one of the two down, or take its cluster off the providers"


def _all_of(holder: str) -> str:
    return (
        f"all are {holder}'s; to pass them on, take it off the providers; if no two clusters have the same one, "
        f"annotate the MultiClusterService with {HOST_NAMES}={SHARED}"
    )
