"""What of a provider's slices a consumer may have, before host names are looked at; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from landbridge.api.core import Service
from landbridge.api.discovery import EndpointSlice
from landbridge.mcs.exports import exported, fits
from landbridge.mcs.limit import limited
from landbridge.mcs.views import ProviderView


def offered(provider: ProviderView, consumer: Service) -> Iterable[EndpointSlice]:
    """Exported (rule S2), of a family that the consumer has (rule S13), only what its gate admits (rule S9), and of
    that only as much as its limit says."""
    admitted = (passed for slice_ in _fitting(provider, consumer) if (passed := provider.gate.through(slice_)))
    return limited(admitted, provider.limit)


def filtered(provider: ProviderView, consumer: Service) -> list[tuple[str, str]]:
    """The addresses that the gate holds back, one for each endpoint, and of what type each is said to be."""
    return [
        (address, slice_.address_type)
        for slice_ in _fitting(provider, consumer)
        for address in provider.gate.refused(slice_)
    ]


def _fitting(provider: ProviderView, consumer: Service) -> Iterator[EndpointSlice]:
    return (slice_ for slice_ in exported(provider.service, provider.slices) if fits(consumer, slice_))
