"""Endpoints that move between imports: none is given up before the import that it moves to has it (rule S5); pure.

A control plane spreads a Service's endpoints over slices as it likes. What moves from one slice to another is, in the
consumer, a gain of one import and a loss of another: two writes, of which either may be refused. So an import keeps,
beyond what is wanted of it, the endpoints that are still awaited elsewhere. What nobody publishes any more is awaited
by nobody, and goes at once, whatever became of the other writes.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from landbridge.api.discovery import Endpoint, EndpointPort, EndpointSlice

MOST = 1000
"""Endpoints that an API server takes in one slice: what would be more is given up before it arrived."""

Backend = tuple[tuple[str, ...], tuple[EndpointPort, ...]]
"""What makes two endpoints the same to whoever connects: addresses and ports."""


def backends(slice_: EndpointSlice) -> dict[Backend, Endpoint]:
    """All that a slice routes to, with what it says of each."""
    return {(endpoint.addresses, slice_.effective_ports): endpoint for endpoint in slice_.endpoints or ()}


def keeping(
    present: EndpointSlice, wanted: EndpointSlice | None, awaited: Mapping[Backend, Endpoint]
) -> EndpointSlice | None:
    """What to write in place of ``present`` while others wait for some of its endpoints.

    ``wanted`` is what it should become, ``None`` where it should go. Gives that, if nothing of it is awaited elsewhere.
    What is kept is as ready as it is where it moves to: the provider says so by now.
    """
    lost = backends(present).keys() - (backends(wanted).keys() if wanted else set())
    kept = tuple(awaited[backend] for backend in backends(present) if backend in lost and backend in awaited)
    kept = kept[: max(0, MOST - len((wanted and wanted.endpoints) or ()))]
    if not kept:
        return wanted
    if wanted is None:
        return replace(present, endpoints=kept)
    if wanted.effective_ports != present.effective_ports:  # one slice has one list of ports
        return replace(present, endpoints=tuple(awaited.get(b, endpoint) for b, endpoint in backends(present).items()))
    return replace(wanted, endpoints=(*(wanted.endpoints or ()), *kept))
