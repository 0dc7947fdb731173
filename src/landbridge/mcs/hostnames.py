"""Whose the host names of a headless Service are: two `web-0` under one name would be a split brain (rule S10); pure.

All of them belong to one cluster in a consumer, the holder, for a name that is free this moment may be that of a pod
which restarts. What another cluster has under a host name is withheld, and a name that the consumer has itself is its
own in any case. Of Services that are not headless nobody asks.

| the holder in a consumer is                                              |                                        |
|--------------------------------------------------------------------------|----------------------------------------|
| who is written on the imports there, if he is a provider and out of view | he may be alive (S7)                   |
| who is written on the imports there, if he is a provider and exports     | also while none of his pods is there   |
| else the first provider of the spec that exports the Service             | the consumer counts, if it is one      |

So names pass on when a person takes the holder off the providers, or deletes its Service, and never by what pods do. A
restart reads the imports and decides as before.

Where the MultiClusterService says `shared`, each name by itself belongs to the consumer, else to who is imported with
it, else to the first in the spec that has it: for StatefulSets that are spread over clusters by ordinals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from landbridge.api.core import Service
from landbridge.api.discovery import EndpointSlice
from landbridge.api.names import HOST_NAMES_OF, SOURCE
from landbridge.clusters.ownership import source
from landbridge.mcs.exports import exported
from landbridge.mcs.offers import offered
from landbridge.mcs.views import View

Names = dict[str, dict[str, None]]
"""Host names by cluster, both in order."""


@dataclass(frozen=True)
class Held:
    """To whom host names belong in a consumer."""

    holder: str = ""
    """The cluster that all names belong to which are nobody's by themselves; empty: whose pod has one, has it."""
    each: Mapping[str, str] = field(default_factory=dict)
    """The cluster, by name."""

    def by(self, cluster: str, name: str | None) -> bool:
        """Whether this cluster's endpoint of this host name, if it has one, may be there."""
        return not name or (self.each.get(name) or self.holder or cluster) == cluster


NOBODYS = Held()


def holders(view: View, service: Service) -> Held:
    """To whom they belong in the consumer, whose Service this is."""
    if not service.headless:
        return NOBODYS
    own = dict.fromkeys(_names(view.consumer.own), view.consumer.name)
    if view.shared:
        return Held(each=_each(view, service) | own)
    return Held(_holder(view, service), own)


def sole(slice_: EndpointSlice, cluster: str, held: Held) -> EndpointSlice:
    """What of a provider's slice may be imported; with no endpoint, it may be: the holder is written on all imports."""
    endpoints = slice_.endpoints or ()
    left = tuple(endpoint for endpoint in endpoints if held.by(cluster, endpoint.hostname))
    return slice_ if len(left) == len(endpoints) else replace(slice_, endpoints=left)


def taken(view: View, service: Service, held: Held) -> Iterator[tuple[str, str]]:
    """What is withheld: host names, and the provider that has them."""
    for cluster, names in _offers(view, service).items() if held != NOBODYS else ():
        yield from ((name, cluster) for name in names if not held.by(cluster, name))


def _holder(view: View, service: Service) -> str:
    written = {import_.metadata.annotations.get(HOST_NAMES_OF) for import_ in view.consumer.imports}
    unseen = {provider.name for provider in view.providers if not provider.live}
    exporting = {
        provider.name
        for provider in view.providers
        if provider.service
        and provider.service.headless
        and (provider.unread or exported(provider.service, provider.slices))
    }
    if exported(service, view.consumer.own):
        exporting.add(view.consumer.name)
    kept = (cluster for cluster in view.listed if cluster in written & (exporting | unseen))
    return next(kept, "") or next((cluster for cluster in view.listed if cluster in exporting - unseen), "")


def _each(view: View, service: Service) -> dict[str, str]:
    offers = _offers(view, service)
    fixed, imported = _imported(view)
    incumbents = {
        cluster: {n: None for n in names if n in imported.get(cluster, {})} for cluster, names in offers.items()
    }
    found = dict[str, str]()
    for claims in (fixed, incumbents, offers):
        for cluster, names in claims.items():
            for name in names:
                found.setdefault(name, cluster)
    return found


def _offers(view: View, service: Service) -> Names:
    return {provider.name: _names(offered(provider, service)) for provider in view.providers if provider.live}


def _imported(view: View) -> tuple[Names, Names]:
    """The names in imports that stay as they are, and in those that follow their source; by source."""
    live = {provider.name: provider.live for provider in view.providers}
    unread = {f"{provider.name}/{name}" for provider in view.providers for name in provider.unread}
    fixed, following = Names(), Names()
    for import_ in view.consumer.imports:
        cluster = source(import_, view.fleet)
        follows = live.get(cluster, view.current) and import_.metadata.annotations.get(SOURCE) not in unread
        (following if follows else fixed).setdefault(cluster, {}).update(_names((import_,)))
    return fixed, following


def _names(slices: Iterable[EndpointSlice]) -> dict[str, None]:
    return {e.hostname: None for slice_ in slices for e in slice_.endpoints or () if e.hostname}
