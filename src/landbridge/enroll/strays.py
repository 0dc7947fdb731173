"""What other members still have of a cluster that leaves: each is asked, with the controller's address and token."""

from __future__ import annotations

import asyncio

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.names import FLEET, MANAGED_BY, MANAGER, SOURCE_CLUSTER
from landbridge.clusters.ownership import proved
from landbridge.enroll.progress import Report, count, few
from landbridge.enroll.trial import Connect
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.members import members
from landbridge.kube.api import Api
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import KubeError
from landbridge.mcs.ending import held

TIMEOUT = 5.0
"""Seconds that a member has to answer."""


async def tell_of_imports(hub: Api, name: str, fleet: str, report: Report, connect: Connect) -> None:
    """Say what they hold of cluster ``name``: what still goes, what is held, and what only labels call its own.

    It decides nothing, so nothing fails for its sake.
    """
    try:
        entries = await members(hub)
    except KubeError as error:
        report(f"what other members hold of {name} is not known: {error}")
        return
    others = [entry.cluster for entry in entries if entry.cluster and entry.name != name]
    told = await asyncio.gather(*(_lines(cluster, name, fleet, connect) for cluster in others))
    for line in (line for lines in told for line in lines):
        report(line)


async def _lines(cluster: Cluster, name: str, fleet: str, connect: Connect) -> list[str]:
    selector = f"{MANAGED_BY}={MANAGER},{FLEET}={fleet},{SOURCE_CLUSTER}={name}"
    try:
        async with asyncio.timeout(TIMEOUT), connect(cluster.config, StaticToken(cluster.token)) as api:
            found = (await api.list(SLICES, selector=selector)).items
    except (TimeoutError, KubeError) as error:
        trouble = str(error) or f"no answer within {TIMEOUT:.0f} s"
        return [f"imports from {name} in {cluster.name} go when that is in reach again: {trouble}"]
    ours = [slice_ for slice_ in found if proved(slice_, fleet)]
    return [*_going(cluster, name, ours), *_strays(cluster, name, [s for s in found if s not in ours], selector)]


def _going(cluster: Cluster, name: str, imports: list[EndpointSlice]) -> list[str]:
    if not imports:
        return []
    why = held(cluster.name, imports) or "the controller removes them"
    return [f"{count(_keys(imports), 'import')} from {name} left in {cluster.name}: {why}"]


def _strays(cluster: Cluster, name: str, imports: list[EndpointSlice], selector: str) -> list[str]:
    """Anyone may write labels, so nothing is removed for their sake."""
    if not imports:
        return []
    return [
        f"{count(_keys(imports), 'slice')} in {cluster.name} that only labels call imports from {name}: "
        f"{few(_keys(imports))}; see: kubectl --context {cluster.name} get endpointslices -A -l {selector}"
    ]


def _keys(imports: list[EndpointSlice]) -> list[str]:
    return [str(slice_.metadata.key) for slice_ in imports]
