"""The members, as a person wants to see them: where, which version, reachable or not, and for how long still."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from landbridge.api.meta import Key
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICE_NAMES
from landbridge.enroll.admission import initialised
from landbridge.enroll.remains import foreign_notes, labelled_imports, unexplained_note
from landbridge.enroll.server import version_text
from landbridge.enroll.trial import Connect
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.members import Entry, members
from landbridge.fleet.tokens import TokenError, lifetime
from landbridge.fleet.trouble import read_trouble
from landbridge.kube.api import Api
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import KubeError, UnauthorizedError
from landbridge.kube.explain import described
from landbridge.mcs.holdings import holdings
from landbridge.telemetry.text import shown

TIMEOUT = 5.0
"""Seconds that a member has to answer."""

COUNT_TIMEOUT = 20.0
"""Seconds that it has to list its imports."""

LONGEST = 1000
"""Bytes of what is said of a refused Secret, whose values anyone may have written."""

READY = "Ready"
LEAVING = "Leaving"
TROUBLED = "Troubled"
UNREACHABLE = "Unreachable"
UNAUTHORIZED = "Unauthorized"


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """One member. Times are RFC 3339, empty where unknown."""

    name: str
    state: str
    """Ready, Troubled (the controller says why), Leaving, Unreachable, Unauthorized (token refused), or the reason why
    its Secret is refused."""
    server: str = ""
    version: str = ""
    pod_cidrs: tuple[str, ...] = ()
    service_cidrs: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    token_expires: str = ""
    since: str = ""
    imports: int | None = None
    """Imports of this fleet in it."""
    unexplained: int | None = None
    """Those of them that neither a MultiClusterService nor a debt explains."""
    foreign: dict[str, int] = {}
    """How many imports other fleets have in it, by their uids."""
    message: str = ""


async def rows(hub: Api, *, connect: Connect = Api, timeout: float = TIMEOUT) -> list[Row]:
    """All members, each asked for its version with the controller's own address and token, all at once.

    Raises:
        RefusedError: The hub holds no fleet.
        KubeError: The hub refused, or gave no answer.
    """
    record = await initialised(hub)
    there = frozenset(mcs.metadata.key for mcs in (await hub.list(MULTI_CLUSTER_SERVICE_NAMES)).items)

    async def row(entry: Entry) -> Row:
        found = await _row(entry, connect, timeout)
        if found.state not in (READY, TROUBLED) or entry.cluster is None:
            return found
        explained = there | record.debts.get(entry.name, frozenset())
        return await _counted(found, entry.cluster, connect, record.uid, explained)

    return list(await asyncio.gather(*map(row, await members(hub))))


async def _counted(row: Row, cluster: Cluster, connect: Connect, fleet: str, explained: Set[Key]) -> Row:
    """The row, with the imports that the cluster holds, if they can be counted in time."""
    try:
        async with asyncio.timeout(COUNT_TIMEOUT), connect(cluster.config, StaticToken(cluster.token)) as api:
            slices = await labelled_imports(api)
    except (TimeoutError, KubeError) as error:
        uncounted = f"its imports cannot be counted: {shown(str(error)) or 'no answer in time'}"
        return replace(row, message="; ".join(filter(None, (row.message, uncounted))))
    found = holdings(slices, fleet, lambda key: key in explained)
    notes = [*unexplained_note(row.name, found), *foreign_notes(row.name, found.foreign)]
    return replace(
        row,
        imports=found.imports,
        unexplained=len(found.unexplained),
        foreign=dict(found.foreign),
        message="; ".join(filter(None, (row.message, *notes))),
    )


async def _row(entry: Entry, connect: Connect, timeout: float) -> Row:
    since = entry.meta.creation_timestamp or ""
    if entry.cluster is None:
        refusal = entry.refusal
        return Row(
            entry.name, refusal.reason if refusal else "", since=since, message=shown(str(refusal or ""), LONGEST)
        )
    cluster = entry.cluster
    state, version, message = await _ask(cluster, connect, timeout)
    if trouble := read_trouble(cluster.meta):
        state = TROUBLED if state == READY else state
        message = "; ".join(filter(None, (message, f"the controller says since {trouble.since}: {trouble.text}")))
    return Row(
        name=cluster.name,
        state=LEAVING if cluster.leaving else state,
        server=cluster.config.server,
        version=version,
        pod_cidrs=cluster.pod_cidrs,
        service_cidrs=cluster.service_cidrs,
        namespaces=tuple(sorted(cluster.namespaces)),
        token_expires=_expiry(cluster.token),
        since=since,
        message=message,
    )


async def _ask(cluster: Cluster, connect: Connect, timeout: float) -> tuple[str, str, str]:
    try:
        async with asyncio.timeout(timeout), connect(cluster.config, StaticToken(cluster.token)) as api:
            return READY, shown(await version_text(api)), ""
    except TimeoutError:
        return UNREACHABLE, "", f"no answer within {timeout:.0f} s"
    except UnauthorizedError as error:
        return UNAUTHORIZED, "", f"{described(error)}: join it again"
    except KubeError as error:
        return UNREACHABLE, "", described(error)


def _expiry(token: str) -> str:
    try:
        return datetime.fromtimestamp(lifetime(token)[1], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TokenError, ValueError, OverflowError, OSError):  # the others: a year that no calendar has
        return ""
