"""What the clusters know of the Services: which endpoints each would route to, and what the fleet says of it."""

import asyncio
import json
from collections import defaultdict
from time import monotonic
from typing import Any

from landbridge_lab import LabError
from landbridge_lab.waiting import until

from demo.chain import NEW, OLD, SERVICES, Serving
from demo.shell import Shell

DEADLINE = 60.0

Endpoints = dict[str, frozenset[str]]


class NotSettledError(Exception):
    """The clusters did not come to agree in time; the message says what they know."""


def ready_endpoints(slices: dict[str, Any]) -> Endpoints:
    """Read the addresses of ready endpoints, by Service, from a list of EndpointSlices."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for item in slices["items"]:
        service = item["metadata"]["labels"]["kubernetes.io/service-name"]
        for endpoint in item.get("endpoints") or []:
            if endpoint.get("conditions", {}).get("ready", True):
                found[service].update(endpoint["addresses"])
    return {service: frozenset(addresses) for service, addresses in found.items()}


def reported_endpoints(services: dict[str, Any]) -> dict[str, int]:
    """Read how many endpoints each MultiClusterService reports."""
    items = services["items"]
    return {item["metadata"]["name"]: item.get("status", {}).get("endpoints", 0) for item in items}


def settled(serving: Serving, views: list[Endpoints], reported: dict[str, int] | None) -> bool:
    """Tell whether all views are the same and hold a pod for each serving cluster, and the fleet reports as many."""
    counts = {service: len(clusters) for service, clusters in zip(SERVICES, serving, strict=True)}
    same = all(view == views[0] for view in views)
    right = {service: len(addresses) for service, addresses in views[0].items()} == counts
    return same and right and reported in (None, counts)


async def until_settled(shell: Shell, serving: Serving, joined: bool) -> None:
    """Wait until both clusters would route alike; before they are joined, until the old one has its endpoints."""
    seen: list[Endpoints] = []
    reported: dict[str, int] | None = None

    async def agreed() -> bool:
        nonlocal seen, reported
        seen, reported = await _look(shell, joined)
        return settled(serving, seen, reported)

    started = monotonic()
    try:
        await until("agreement of the clusters", agreed, deadline=DEADLINE)
    except LabError as error:
        known = [{service: sorted(addresses) for service, addresses in view.items()} for view in seen]
        raise NotSettledError(f"{error}: {_condition(serving, joined)}; known: {known}, {reported}") from error
    shell.screen.waited(_condition(serving, joined), monotonic() - started)


async def _look(shell: Shell, joined: bool) -> tuple[list[Endpoints], dict[str, int] | None]:
    clusters = (OLD, NEW) if joined else (OLD,)
    slices = [_get(shell, cluster, "endpointslices") for cluster in clusters]
    if not joined:
        return [ready_endpoints(found) for found in await asyncio.gather(*slices)], None
    *views, services = await asyncio.gather(*slices, _get(shell, "fleet", "mcs"))
    return [ready_endpoints(found) for found in views], reported_endpoints(services)


async def _get(shell: Shell, context: str, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await shell.quiet(f"kubectl --context {context} get {kind} -n mcs-demo -o json"))
    return found


def _condition(serving: Serving, joined: bool) -> str:
    counts = ", ".join(f"{service} {len(clusters)}" for service, clusters in zip(SERVICES, serving, strict=True))
    who = "both clusters and the fleet know the same endpoints" if joined else f"{OLD} has its endpoints"
    return f"{who}: {counts}"
