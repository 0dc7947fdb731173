"""Views of `service2` in the consumer `new`, and what the API server would make of a plan for them."""

from __future__ import annotations

from msgspec.structs import replace

from landbridge.api.core import Service
from landbridge.api.discovery import SLICES, EndpointPort, EndpointSlice
from landbridge.mcs.addresses import gate
from landbridge.mcs.intent import CONSUMER, Intent
from landbridge.mcs.plan import Change, Changes, plan
from landbridge.mcs.views import ConsumerView, ProviderView, View
from tests.unit.objects import FLEET_UID, SERVICE2, service, slice_, versioned

GATE = gate(("10.0.0.0/8", "fd00::/8"), ())
SINCE = "2026-01-01T10:00:00Z"


def provider(
    *slices: EndpointSlice, name: str = "old", live: bool = True, there: Service | None = None
) -> ProviderView:
    return ProviderView(name, live, there or service(), slices, gate=GATE)


def view(
    *providers: ProviderView,
    imports: tuple[EndpointSlice, ...] = (),
    there: Service | None = None,
    intent: Intent = Intent.SYNC,
    reason: str = CONSUMER,
    fleet: str = FLEET_UID,
    current: bool = True,
    gone: frozenset[str] = frozenset(),
    own: tuple[EndpointSlice, ...] = (),
    listed: tuple[str, ...] = (),
    shared: bool = False,
) -> View:
    consumer = ConsumerView("new", there or service(), imports, own)
    listed = listed or tuple(one.name for one in providers)
    return View(fleet, SERVICE2, intent, reason, providers, consumer, SINCE, current, listed, shared, gone)


def stored(obj: EndpointSlice, version: str = "1") -> EndpointSlice:
    """What the API server answers: through JSON, with its defaults filled in."""
    back = SLICES.decoder.decode(SLICES.encode(obj))
    ports = tuple(EndpointPort(p.name or "", p.protocol or "TCP", p.port, p.app_protocol) for p in back.ports or ())
    return versioned(replace(back, ports=ports), version)


def applied(imports: tuple[EndpointSlice, ...], changes: Changes) -> tuple[EndpointSlice, ...]:
    """The imports after the writes."""
    held = {import_.metadata.name: import_ for import_ in imports}
    for change in changes.create:
        assert change.slice.metadata.name not in held
    for change in (*changes.update, *changes.delete):
        assert change.slice.metadata.resource_version == held[change.slice.metadata.name].metadata.resource_version
    for change in (*changes.create, *changes.update):
        version = str(int(held.get(change.slice.metadata.name, _NONE).metadata.resource_version or 0) + 1)
        held[change.slice.metadata.name] = stored(change.slice, version)
    for change in changes.delete:
        del held[change.slice.metadata.name]
    return tuple(held.values())


_NONE = EndpointSlice()


def synced(*providers: ProviderView, there: Service | None = None) -> tuple[EndpointSlice, ...]:
    """The imports that a first plan makes."""
    return applied((), plan(view(*providers, there=there)))


def only(changes: tuple[Change, ...]) -> EndpointSlice:
    (change,) = changes
    return change.slice


SOURCE = slice_("service2-abcde", "10.1.0.1", "10.1.0.2")
