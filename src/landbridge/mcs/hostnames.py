"""One host name of a headless Service, one cluster: two `web-0` under one name would be a split brain (rule S10); pure.

| the name is held by                             | imported is                                                   |
|-------------------------------------------------|---------------------------------------------------------------|
| the consumer's own slices                       | nobody's: callers there keep their own                        |
| an import whose source cannot be seen           | that one as it is, and nobody else's (S7): it may be alive    |
| a provider that is imported already             | that one, for as long as it offers the name                   |
| several providers, of which none is imported yet| that of the first one in the order of the spec                |

So a name changes hands only when its holder gives it up, and a restart, which reads the imports, decides as before.
Of Services that are not headless nobody asks for host names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from landbridge.api.core import Service
from landbridge.api.discovery import EndpointSlice
from landbridge.api.names import SOURCE
from landbridge.clusters.ownership import source
from landbridge.mcs.offers import offered
from landbridge.mcs.views import View

Names = dict[str, dict[str, None]]
"""Host names by cluster, both in order."""


def holders(view: View, service: Service) -> Mapping[str, str]:
    """The cluster that each host name belongs to in the consumer, whose Service this is."""
    if not service.headless:
        return {}
    offers = _offers(view, service)
    fixed, imported = _imported(view)
    found = dict.fromkeys(_names(view.consumer.own), view.consumer.name)
    incumbents = {
        cluster: {n: None for n in names if n in imported.get(cluster, {})} for cluster, names in offers.items()
    }
    for claims in (fixed, incumbents, offers):
        for cluster, names in claims.items():
            for name in names:
                found.setdefault(name, cluster)
    return found


def sole(slice_: EndpointSlice, cluster: str, held: Mapping[str, str]) -> EndpointSlice | None:
    """What of a provider's slice may be imported; ``None`` where every endpoint has a name that is another's."""
    if not held or not any(map(held.get, _names((slice_,)))):
        return slice_
    endpoints = slice_.endpoints or ()
    left = tuple(e for e in endpoints if held.get(e.hostname or "", cluster) == cluster)
    if len(left) == len(endpoints):
        return slice_
    return replace(slice_, endpoints=left) if left else None


def taken(view: View, service: Service) -> Iterator[tuple[str, str, str]]:
    """What is withheld: host name, the provider whose it is, and who holds it in the consumer."""
    held = holders(view, service)
    for cluster, names in _offers(view, service).items() if held else ():
        yield from ((name, cluster, held[name]) for name in names if held[name] != cluster)


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
