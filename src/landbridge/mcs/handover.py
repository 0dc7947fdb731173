"""Endpoints that move between imports: none is given up before the import that it moves to has it (rule S5); pure.

A control plane spreads a Service's endpoints over slices as it likes. What moves from one slice to another is, in the
consumer, a gain of one import and a loss of another: two writes, of which either may be refused. So an import keeps,
beyond what is wanted of it, the endpoints that are still awaited elsewhere. What nobody publishes any more is awaited
by nobody, and goes at once, whatever became of the other writes.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from landbridge.api.discovery import Endpoint, EndpointPort, EndpointSlice

Backend = tuple[tuple[str, ...], tuple[EndpointPort, ...]]
"""What makes two endpoints the same to whoever connects: addresses and ports."""


def backends(slice_: EndpointSlice) -> frozenset[Backend]:
    """All that a slice routes to."""
    return frozenset(_backend(slice_, endpoint) for endpoint in slice_.endpoints or ())


def keeping(present: EndpointSlice, wanted: EndpointSlice | None, awaited: Iterable[Backend]) -> EndpointSlice | None:
    """What to write in place of ``present`` while others wait for some of its endpoints.

    ``wanted`` is what it should become, ``None`` where it should go. Gives that, if nothing of it is awaited elsewhere.
    """
    lost = backends(present) - (backends(wanted) if wanted else frozenset())
    kept = tuple(e for e in present.endpoints or () if _backend(present, e) in lost.intersection(awaited))
    if not kept:
        return wanted
    if wanted is None:
        return replace(present, endpoints=kept)
    if wanted.effective_ports != present.effective_ports:  # one slice has one list of ports
        return present
    return replace(wanted, endpoints=(*(wanted.endpoints or ()), *kept))


def _backend(slice_: EndpointSlice, endpoint: Endpoint) -> Backend:
    return endpoint.addresses, slice_.effective_ports
