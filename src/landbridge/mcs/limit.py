"""How much of a provider the other clusters get, while a Service moves there: none, n or all of it; pure.

The choice is stable: ready endpoints come first, then those that serve while they end (kube-proxy sends to these where
none is ready), and a hash of the addresses ranks them (rendezvous hashing, Thaler and Ravishankar 1998, with one site).
So a step of the limit adds or removes, a pod that goes is followed by one other, and nothing is shuffled. A cluster is
never sent its own pods, so in the provider itself all are seen.

A limit that is not known widens nothing. Nothing is decided before all ServiceMigrations were listed once; and an
import says on which word it was written, so that a controller which is out of contact with the hub, where another may
lead by now, leaves what was written on a later word than it knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from msgspec.structs import replace

from landbridge.api.discovery import Endpoint, EndpointSlice
from landbridge.api.migration import ServiceMigration
from landbridge.api.names import LIMITED_BY


@dataclass(frozen=True)
class Limit:
    """What a ServiceMigration says of the cluster that it moves to."""

    count: int | None
    """How many endpoints of each address family the others get; ``None`` means all."""
    word: str
    """Which word that is: when the ServiceMigration was made, and how often its spec was changed since."""

    @classmethod
    def of(cls, found: ServiceMigration | None, provider: str) -> Limit | None:
        """That of a provider, if it has one."""
        if found is None or found.spec.to != provider:
            return None
        meta = found.metadata
        return cls(found.spec.offered, f"{meta.creation_timestamp}/{meta.generation}")


def limited(slices: Iterable[EndpointSlice], limit: Limit | None) -> Iterable[EndpointSlice]:
    """The slices with only as many endpoints as may be offered."""
    if limit is None or limit.count is None:
        return slices
    return _chosen(list(slices), limit.count)


def outdated(imports: Iterable[EndpointSlice], limit: Limit | None) -> bool:
    """Whether a later word than ours stands on imports of a provider."""
    known = _order(limit.word if limit else "")
    return any(_order(import_.metadata.annotations.get(LIMITED_BY, "")) > known for import_ in imports)


def _order(word: str) -> tuple[str, int]:
    made, _, changes = word.partition("/")
    return made, int(changes) if changes.isdecimal() else 0


def _chosen(slices: Sequence[EndpointSlice], count: int) -> Iterator[EndpointSlice]:
    kept: dict[str, set[tuple[str, ...]]] = {}
    for kind in {slice_.address_type for slice_ in slices}:
        every = (one for slice_ in slices if slice_.address_type == kind for one in slice_.endpoints or ())
        best_first = dict.fromkeys(one.addresses for one in sorted(every, key=_rank))  # who is there twice counts once
        kept[kind] = set(islice(best_first, count))
    for slice_ in slices:
        endpoints = slice_.endpoints or ()
        left = tuple(endpoint for endpoint in endpoints if endpoint.addresses in kept[slice_.address_type])
        yield slice_ if len(left) == len(endpoints) else replace(slice_, endpoints=left)


def _rank(endpoint: Endpoint) -> tuple[bool, bool, bytes]:
    weight = hashlib.blake2b(",".join(endpoint.addresses).encode(), digest_size=8).digest()
    return not endpoint.ready, not endpoint.conditions.serving, weight
