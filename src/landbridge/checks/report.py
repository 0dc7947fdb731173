"""From what was seen of one Service to what is told of it, to a person or a program; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from landbridge.api.discovery import Endpoint, EndpointSlice
from landbridge.api.names import LAST_CHANGE, MANAGER
from landbridge.checks.differences import Pair, pairs
from landbridge.checks.facts import Facts, Seen
from landbridge.checks.findings import NOT_FOUND, NOT_SEEN, findings, ready
from landbridge.checks.shapes import (
    ConsumerReport,
    ControllerReport,
    Finding,
    ProviderReport,
    ReadyReport,
    Report,
    Row,
    Verdict,
)
from landbridge.mcs.exports import exported
from landbridge.telemetry.text import shown

MOST = 10
"""Addresses, and ports, that are listed of one provider."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\dZ:+-]*", re.ASCII)


def report(facts: Facts) -> Report:
    """What was seen, and what is to be said of it."""
    found, condition = findings(facts), ready(facts)
    providers = tuple(_provider(facts, name) for name in _providing(facts))
    counts = [provider.ready for provider in providers]
    return Report(
        namespace=facts.key.namespace,
        name=facts.key.name,
        verdict=_verdict(found, pairs(facts)),
        at=facts.at,
        ready_endpoints=None if None in counts else sum(filter(None, counts)),
        ready=ReadyReport(condition.status, shown(condition.reason), shown(condition.last_transition_time))
        if condition
        else ReadyReport(),
        controller=ControllerReport(facts.controller.state, facts.controller.text, facts.controller.seen),
        providers=providers,
        consumers=tuple(_consumers(facts)),
        findings=tuple(found),
        beside={name: shown(why) for name, why in facts.unseen.items() if name not in facts.clusters},
    )


def _verdict(found: Sequence[Finding], there: Sequence[Pair]) -> Verdict:
    """What is wrong outweighs what was not seen; nothing is well that was not looked at."""
    reasons = {finding.reason for finding in found}
    if NOT_FOUND in reasons and not any(pair.imports for pair in there):
        return "NotSeen" if NOT_SEEN in reasons else "NotFound"
    if reasons - {NOT_SEEN}:
        return "Wrong"
    return "NotSeen" if reasons else "Well"


def _providing(facts: Facts) -> list[str]:
    """The providers; without a MultiClusterService, whoever has the Service."""
    if facts.mcs:
        return list(facts.mcs.spec.providers)
    return sorted(name for name, seen in facts.seen.items() if seen.service)


def _provider(facts: Facts, name: str) -> ProviderReport:
    seen, row = facts.seen.get(name), _row(facts, name)
    if seen is None:
        return ProviderReport(name, status=row)
    offered = exported(seen.service, seen.slices)
    endpoints = [endpoint for slice_ in offered for endpoint in slice_.endpoints or ()]
    addresses = _addresses(sorted(endpoints, key=lambda endpoint: not endpoint.ready))
    return ProviderReport(
        name,
        slices=len(offered),
        ready=_count(offered, lambda endpoint: endpoint.ready),
        not_ready=_count(offered, lambda endpoint: not endpoint.ready and not _terminating(endpoint)),
        terminating=_count(offered, _terminating),
        not_exported=_not_exported(seen, offered),
        ports=_ports(offered),
        addresses=addresses[:MOST],
        more_addresses=len(addresses[MOST:]),
        offered=next((view.offered for view in facts.rows if view.name == name), ""),
        changed=_latest(offered),
        status=row,
    )


def _consumers(facts: Facts) -> Iterable[ConsumerReport]:
    """Those of the spec in its order, then whoever holds imports beside them."""
    there = pairs(facts)
    consumers = facts.mcs.spec.consumers if facts.mcs else ()
    for name in consumers:
        if name not in facts.seen:
            yield ConsumerReport(name, "", status=_row(facts, name))
    rank = {name: place for place, name in enumerate(consumers)}
    for pair in sorted(there, key=lambda pair: rank.get(pair.consumer, len(rank))):
        yield ConsumerReport(
            pair.consumer,
            shown(pair.provider),
            len(pair.imports),
            _count(pair.imports, lambda endpoint: endpoint.ready),
            pair.as_exported,
            min((slice_.metadata.creation_timestamp or "" for slice_ in pair.imports), default=""),
            _latest(pair.imports),
            _row(facts, pair.consumer),
        )


def _row(facts: Facts, name: str) -> Row:
    rows = facts.mcs.status.clusters if facts.mcs and facts.mcs.status else ()
    found = next((row for row in rows if row.name == name), None)
    return Row(shown(found.state), shown(found.last_sync_time)) if found else Row()


def _terminating(endpoint: Endpoint) -> bool:
    return not endpoint.ready and endpoint.conditions.terminating is True


def _count(slices: Iterable[EndpointSlice], which: Callable[[Endpoint], bool]) -> int:
    """How many endpoints: one with addresses of two families, which is in two slices, is one."""
    families: dict[str, int] = {}
    for slice_ in slices:
        families.setdefault(slice_.address_type, 0)
        families[slice_.address_type] += sum(map(which, slice_.endpoints or ()))
    return max(families.values(), default=0)


def _not_exported(seen: Seen, offered: Sequence[EndpointSlice]) -> int:
    return sum(slice_.managed_by != MANAGER and slice_ not in offered for slice_ in seen.slices)


def _addresses(endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(shown(address) for endpoint in endpoints for address in endpoint.addresses))


def _ports(slices: Iterable[EndpointSlice]) -> tuple[str, ...]:
    """As `name 8080/TCP`, each once."""
    ports = (port for slice_ in slices for port in slice_.effective_ports)
    found = dict.fromkeys(shown(f"{port.name} {port.port}/{port.protocol}".strip()) for port in ports)
    return tuple(found)[:MOST]


def _latest(slices: Iterable[EndpointSlice]) -> str:
    """The time of the last change that slices speak of; of one that says nothing, when it was made."""
    times = (slice_.metadata.annotations.get(LAST_CHANGE) or slice_.metadata.creation_timestamp for slice_ in slices)
    return max((time for time in times if time and _TIME.fullmatch(time)), default="")
