"""The members, as a person wants to see them: where, which version, reachable or not, and for how long still."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import msgspec

from landbridge.enroll.admission import initialised
from landbridge.enroll.server import version_text
from landbridge.enroll.trial import Connect
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.members import Entry, members
from landbridge.fleet.tokens import TokenError, lifetime
from landbridge.kube.api import Api
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import KubeError, UnauthorizedError

TIMEOUT = 5.0
"""Seconds that a member has to answer."""

READY = "Ready"
LEAVING = "Leaving"
UNREACHABLE = "Unreachable"
UNAUTHORIZED = "Unauthorized"


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """One member. Times are RFC 3339, empty where unknown."""

    name: str
    state: str
    """Ready, Leaving, Unreachable, Unauthorized (token refused), or the reason why its Secret is refused."""
    server: str = ""
    version: str = ""
    pod_cidrs: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    token_expires: str = ""
    since: str = ""
    message: str = ""


async def rows(hub: Api, *, connect: Connect = Api, timeout: float = TIMEOUT) -> list[Row]:
    """All members, each asked for its version with the controller's own address and token, all at once.

    Raises:
        RefusedError: The hub holds no fleet.
        KubeError: The hub refused, or gave no answer.
    """
    await initialised(hub)
    return list(await asyncio.gather(*(_row(entry, connect, timeout) for entry in await members(hub))))


async def _row(entry: Entry, connect: Connect, timeout: float) -> Row:
    since = entry.meta.creation_timestamp or ""
    if entry.cluster is None:
        refusal = entry.refusal
        return Row(entry.name, refusal.reason if refusal else "", since=since, message=str(refusal or ""))
    cluster = entry.cluster
    state, version, message = await _ask(cluster, connect, timeout)
    return Row(
        name=cluster.name,
        state=LEAVING if cluster.leaving else state,
        server=cluster.config.server,
        version=version,
        pod_cidrs=cluster.pod_cidrs,
        namespaces=tuple(sorted(cluster.namespaces)),
        token_expires=_expiry(cluster.token),
        since=since,
        message=message,
    )


async def _ask(cluster: Cluster, connect: Connect, timeout: float) -> tuple[str, str, str]:
    try:
        async with asyncio.timeout(timeout), connect(cluster.config, StaticToken(cluster.token)) as api:
            return READY, await version_text(api), ""
    except TimeoutError:
        return UNREACHABLE, "", f"no answer within {timeout:.0f} s"
    except UnauthorizedError as error:
        return UNAUTHORIZED, "", f"{error}: join it again"
    except KubeError as error:
        return UNREACHABLE, "", str(error)


def _expiry(token: str) -> str:
    try:
        return datetime.fromtimestamp(lifetime(token)[1], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TokenError, ValueError, OverflowError, OSError):  # the others: a year that no calendar has
        return ""
