"""The heart: from one Service's view in one consumer to the writes that make it right.

| import                    | source slice         | provider live | change                                   |
|---------------------------|----------------------|---------------|------------------------------------------|
| none                      | exported             | yes           | create                                   |
| differs                   | exported             | yes           | update                                   |
| equal                     | exported             | yes           | none (S12: a restart writes nothing)     |
| present                   | gone                 | yes           | delete                                   |
| present                   | cannot be read       | yes           | none (S7: it is there)                   |
| any                       | any                  | no            | none (S7: what it last said stays)       |
| present, unlisted cluster | -                    | -             | delete (S11), if the hub is in view (S7) |

Where all is to be kept, one kind goes nevertheless: what is proved to come from a cluster that a person sent away. No
MultiClusterService need explain it, and a label, which anyone may write, proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from landbridge.api.core import Service
from landbridge.api.discovery import EndpointSlice
from landbridge.api.meta import Lean, OwnedMeta
from landbridge.api.names import (
    FLEET,
    HEADLESS,
    HOST_NAMES_OF,
    LAST_CHANGE,
    LIMITED_BY,
    MANAGED_BY,
    MANAGER,
    SERVICE_NAME,
    SERVICE_PROXY_NAME,
    SOURCE,
    SOURCE_CLUSTER,
)
from landbridge.clusters.ownership import import_name, proved, source, source_mark
from landbridge.mcs.hostnames import Held, holders, sole
from landbridge.mcs.intent import Intent
from landbridge.mcs.offers import offered
from landbridge.mcs.views import ProviderView, View

NEW = "NewSlice"
CHANGED = "SliceChanged"
GONE = "SliceGone"
SENT_AWAY = "SourceLeft"

_RESET = (Lean(),)
_DATE, _CLOCK = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", r"([01]\d|2[0-3]):[0-5]\d"
_TIME = re.compile(rf"{_DATE}T{_CLOCK}:[0-5]\d(\.\d{{1,9}})?(Z|[+-]{_CLOCK})", re.ASCII)
"""RFC 3339, as Kubernetes writes it."""
_LABELS = (SERVICE_NAME, MANAGED_BY, SOURCE_CLUSTER, FLEET, HEADLESS, SERVICE_PROXY_NAME)
"""What an import carries, or must not: kube-proxy skips what names another proxy."""

_MARKS = (SOURCE, HOST_NAMES_OF)
"""The annotations that decisions are made by."""


@dataclass(frozen=True)
class Change:
    """One write, and why."""

    slice: EndpointSlice
    """What is to be; of a delete, what is."""
    reason: str
    present: EndpointSlice | None = None
    """Of an update, what is."""

    @property
    def name(self) -> str:
        """Of the import."""
        return self.slice.metadata.name


@dataclass(frozen=True)
class Changes:
    """The writes of one Service in one consumer, to be made in this order (rule S5)."""

    create: tuple[Change, ...] = ()
    update: tuple[Change, ...] = ()
    delete: tuple[Change, ...] = ()
    withheld: tuple[Change, ...] = ()
    """Creates and updates that are wanted, but not now: what they are to bring stays where it is until then."""
    wanted: Mapping[str, EndpointSlice] = field(default_factory=dict, compare=False)
    """All that should be there of the providers in view, by name, also what is there already."""

    def __bool__(self) -> bool:
        return bool(self.create or self.update or self.delete)

    @property
    def adds_or_removes(self) -> bool:
        """Whether imports come or go. An update is every day's work, and over before it can be told (rule S5)."""
        return bool(self.create or self.delete)


def plan(view: View) -> Changes:
    """Compare what should be with what is."""
    if view.intent is Intent.KEEP:
        return Changes(
            delete=tuple(Change(slice_, SENT_AWAY) for slice_ in view.consumer.imports if _sent_away(view, slice_))
        )
    actual = {slice_.metadata.name: slice_ for slice_ in view.consumer.imports}
    if view.intent is Intent.REMOVE or view.consumer.service is None:
        return Changes(delete=tuple(Change(slice_, view.reason) for slice_ in actual.values()))
    wanted = _imports(view, view.consumer.service, actual)
    live = {provider.name: provider.live for provider in view.providers}
    unread = {f"{provider.name}/{name}" for provider in view.providers for name in provider.unread}
    return Changes(
        create=tuple(Change(slice_, NEW) for name, slice_ in wanted.items() if name not in actual),
        update=tuple(
            Change(slice_, CHANGED, actual[name])
            for name, slice_ in wanted.items()
            if name in actual and not same(slice_, actual[name])
        ),
        delete=tuple(
            Change(slice_, GONE)
            for name, slice_ in actual.items()
            if name not in wanted
            and live.get(source(slice_, view.fleet), view.current)
            and slice_.metadata.annotations.get(SOURCE) not in unread
        ),
        wanted=wanted,
    )


def _sent_away(view: View, import_: EndpointSlice) -> bool:
    return proved(import_, view.fleet) and source(import_, view.fleet) in view.gone


def same(one: EndpointSlice, other: EndpointSlice) -> bool:
    """Whether two imports route alike; a trigger time, or a label that a webhook adds, is not worth a write."""
    return (
        (one.endpoints or ()) == (other.endpoints or ())
        and one.effective_ports == other.effective_ports
        and all(one.metadata.labels.get(label) == other.metadata.labels.get(label) for label in _LABELS)
        and all(one.metadata.annotations.get(mark) == other.metadata.annotations.get(mark) for mark in _MARKS)
        and (LIMITED_BY in one.metadata.annotations) == (LIMITED_BY in other.metadata.annotations)
    )


def differences(one: EndpointSlice, other: EndpointSlice) -> list[str]:
    """In what two imports route differently, in words."""
    if same(one, other):
        return []
    routes = {"endpoints": (one.endpoints or ()) != (other.endpoints or ())}
    routes["ports"] = one.effective_ports != other.effective_ports
    return [what for what, differs in routes.items() if differs] or ["labels, or the annotation that proves it"]


def _imports(view: View, service: Service, actual: dict[str, EndpointSlice]) -> dict[str, EndpointSlice]:
    held = holders(view, service)
    wanted = (
        _import(view, service, provider, sole(slice_, provider.name, held), held, actual)
        for provider in view.providers
        if provider.live
        for slice_ in offered(provider, service)
    )
    return {slice_.metadata.name: slice_ for slice_ in wanted}


def _import(
    view: View,
    service: Service,
    provider: ProviderView,
    slice_: EndpointSlice,
    held: Held,
    actual: dict[str, EndpointSlice],
) -> EndpointSlice:
    """The copy: what a slice routes to, and nothing of how its own cluster would choose (rules S3, S4)."""
    name = import_name(view.fleet, provider.name, slice_)
    old = actual.get(name)
    labels = {
        SERVICE_NAME: view.key.name,
        MANAGED_BY: MANAGER,
        SOURCE_CLUSTER: provider.name,
        FLEET: view.fleet,
    }
    if service.headless:  # kube-proxy skips what carries it
        labels[HEADLESS] = ""
    annotations = {SOURCE: source_mark(provider.name, slice_)} | _trigger(view, slice_, live=old is not None)
    if held.holder:
        annotations[HOST_NAMES_OF] = held.holder
    if provider.limit:
        annotations[LIMITED_BY] = provider.limit.word
    return EndpointSlice(
        metadata=OwnedMeta(
            name=name,
            namespace=view.key.namespace,
            resource_version=old.metadata.resource_version if old else "",
            labels=labels,
            annotations=annotations,
            managed_fields=_RESET,
        ),
        address_type=slice_.address_type,
        endpoints=slice_.endpoints,
        ports=slice_.ports,
    )


def _trigger(view: View, slice_: EndpointSlice, *, live: bool) -> dict[str, str]:
    """The time from which the consumer's kube-proxy measures; not for first copies of what was there before (rule S3).

    Control planes round trigger times down to the second, so they are compared by their first 19 characters. Anybody
    may write the annotation in a provider; what is no time stays there.
    """
    time = slice_.metadata.annotations.get(LAST_CHANGE, "")
    told = _TIME.fullmatch(time) and (live or time[:19] >= view.since[:19])
    return {LAST_CHANGE: time} if told else {}
