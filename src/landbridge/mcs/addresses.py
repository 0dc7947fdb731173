"""Which addresses of a provider a consumer may import (rule S9); pure.

| address                                              | imported                                                    |
|------------------------------------------------------|-------------------------------------------------------------|
| no address of the slice's type, or a name (FQDN)     | no                                                          |
| loopback, link-local, multicast, ... (`NEVER`)       | no, whatever is declared                                    |
| in the consumer's own pod or service networks        | no: it would be another's pod, or a Service of its own      |
| in the pod networks that the provider declares       | yes                                                         |
| anywhere else                                        | no                                                          |
| any, of a provider that declares nothing             | no; but what was imported before stays while it is offered  |

Declared is what a person said at join, never what the provider says by now. It is worked out once for two clusters
and kept, as the numbers of addresses are: all this is asked for each endpoint of each change.
"""

from __future__ import annotations

import socket
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import repeat

import msgspec

from landbridge.api.discovery import EndpointSlice
from landbridge.telemetry.text import shown

NEVER = {
    "0.0.0.0/8": "unspecified",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "224.0.0.0/4": "multicast",
    "255.255.255.255/32": "broadcast",
    "100.100.100.200/32": "the metadata service of Alibaba Cloud",
    "168.63.129.16/32": "the virtual machine's host in Azure",
    "::/96": "unspecified, loopback or IPv4-compatible",
    "::ffff:0:0/96": "IPv4-mapped",
    "64:ff9b::/96": "IPv4 behind a translator (NAT64)",
    "2002::/16": "IPv4 behind a tunnel (6to4)",
    "fd00:ec2::/32": "the metadata service, and others, of AWS",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
"""No pod of another cluster has these, and some are the very node that routes (CVE-2021-25737, CVE-2021-25740).

Not here are 100.64.0.0/10 and 240.0.0.0/4: there are clouds where pods have addresses there.
"""

ANYWHERE = ("0.0.0.0/0", "::/0")

_MOST_NUMBERS = 65536
_MOST_GATES = 16384

LONGEST = 64
"""Bytes shown of what is no address, but whatever a cluster sends."""

Span = tuple[int, int]
"""First and last address."""


@dataclass(frozen=True)
class Gate:
    """What of one provider may go to one consumer; `gate` makes it."""

    declared: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    """The consumer's own networks."""
    known: frozenset[str] = frozenset()
    """Addresses that stay although nothing is declared."""
    _starts: Mapping[str, list[int]] = field(default_factory=dict, repr=False, compare=False)
    _ends: Mapping[str, list[int]] = field(default_factory=dict, repr=False, compare=False)

    def through(self, slice_: EndpointSlice) -> EndpointSlice | None:
        """What of a slice passes; ``None`` where it has endpoints, and none does, or where it holds names."""
        if slice_.address_type not in _NUMBERS:
            return None
        endpoints, kind = slice_.endpoints or (), repeat(slice_.address_type)
        if self._admits_all([address for endpoint in endpoints for address in endpoint.addresses], slice_.address_type):
            return slice_
        kept = tuple(endpoint for endpoint in endpoints if all(map(self._admits, endpoint.addresses, kind)))
        if len(kept) == len(endpoints):
            return slice_
        return msgspec.structs.replace(slice_, endpoints=kept) if kept else None

    def refused(self, slice_: EndpointSlice) -> list[str]:
        """The first refused address of each endpoint that does not pass."""
        kind = slice_.address_type
        found = ([a for a in endpoint.addresses if not self._admits(a, kind)] for endpoint in slice_.endpoints or ())
        return [addresses[0] for addresses in found if addresses]

    def why(self, address: str, kind: str) -> str:
        """Why an address does not pass, in words."""
        try:
            number = _NUMBERS[kind](address)
        except (KeyError, OSError, ValueError):
            return f"{shown(address, LONGEST)!r} is no {shown(kind, LONGEST)} address"
        for network, what in NEVER.items():
            if _within(number, kind, network):
                return f"{address} is {what}, and never imported"
        if any(_within(number, kind, network) for network in self.barred):
            return f"{address} is in the pod or service networks of the importing cluster itself"
        if not self.declared:
            return f"{address} is new, and no pod networks are declared of it"
        return f"{address} is not in its declared pod networks ({', '.join(self.declared)})"

    def _admits_all(self, addresses: list[str], kind: str) -> bool:
        """Whether all pass, looked at together: that they lie between two addresses of one network (the usual case)."""
        try:
            numbers = list(map(_NUMBERS[kind], addresses)) if self.declared else []
        except (OSError, ValueError):
            return False
        return bool(numbers) and self._span_of(min(numbers), kind) >= max(numbers)

    def _admits(self, address: str, kind: str) -> bool:
        if not (self.declared or address in self.known):
            return False
        try:
            number = _NUMBERS[kind](address)
        except (KeyError, OSError, ValueError):
            return False
        return self._span_of(number, kind) >= number

    def _span_of(self, number: int, kind: str) -> int:
        """The end of the last network that begins at or before this address; -1 where there is none."""
        place = bisect_right(self._starts[kind], number) - 1
        return self._ends[kind][place] if place >= 0 else -1


NOTHING = Gate()
"""Of a provider that nobody declared anything of, and that was not imported from."""


def gate(declared: tuple[str, ...], barred: tuple[str, ...], known: Iterable[str] = ()) -> Gate:
    """What a provider that declares these pod networks may send where those are the consumer's own.

    ``known`` are the addresses that were imported before, for a provider that declares nothing.
    """
    made = _gate(declared, barred)
    return made if declared else replace(made, known=frozenset(known))


@lru_cache(_MOST_GATES)
def _gate(declared: tuple[str, ...], barred: tuple[str, ...]) -> Gate:
    starts, ends = {}, {}
    for kind in _NUMBERS:
        spans = _joined(_spans(declared or ANYWHERE, kind))
        for hole in _spans((*NEVER, *barred), kind):
            spans = _without(spans, hole)
        starts[kind], ends[kind] = [first for first, _ in spans], [last for _, last in spans]
    return Gate(declared, barred, frozenset(), starts, ends)


@lru_cache(_MOST_NUMBERS)
def _number4(address: str) -> int:
    """The address as a number; what is none raises, and is not remembered, however long it is."""
    return int.from_bytes(socket.inet_pton(socket.AF_INET, address))


@lru_cache(_MOST_NUMBERS)
def _number6(address: str) -> int:
    return int.from_bytes(socket.inet_pton(socket.AF_INET6, address))


_NUMBERS = {"IPv4": _number4, "IPv6": _number6}


def _spans(networks: Iterable[str], kind: str) -> list[Span]:
    parsed: list[IPv4Network | IPv6Network] = [ip_network(text) for text in networks]
    return [(int(n[0]), int(n[-1])) for n in parsed if f"IPv{n.version}" == kind]


def _joined(spans: list[Span]) -> list[Span]:
    """In order, and without overlaps."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _without(spans: list[Span], hole: Span) -> list[Span]:
    left: list[Span] = []
    for first, last in spans:
        if first < hole[0]:
            left.append((first, min(last, hole[0] - 1)))
        if last > hole[1]:
            left.append((max(first, hole[1] + 1), last))
    return left


def _within(number: int, kind: str, network: str) -> bool:
    return any(first <= number <= last for first, last in _spans((network,), kind))
