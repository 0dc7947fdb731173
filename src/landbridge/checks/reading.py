"""One look into one cluster, as the controller's account may: all of it that concerns a Service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from landbridge.api.core import NAMESPACES, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key, Object
from landbridge.clusters.member import KUBE_SYSTEM, Member
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.members import Entry
from landbridge.fleet.tokens import TokenError, lifetime
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import UnauthorizedError
from landbridge.kube.explain import described
from landbridge.kube.listing import Survey

TIMEOUT = 10.0
"""Seconds that a cluster has for all that is asked of it."""

Connect = Callable[[ServerConfig, StaticToken], Api]


async def answer(entry: Entry, key: Key, connect: Connect, timeout: float) -> Member | str:
    """The cluster as it is now, or why it cannot be seen: whatever goes wrong there is its own trouble (rule S15)."""
    if entry.cluster is None:
        return f"its Secret is not used: {entry.refusal}"
    try:
        async with asyncio.timeout(timeout), connect(entry.cluster.config, StaticToken(entry.cluster.token)) as api:
            member = await _read(entry.cluster, api, key)
    except TimeoutError:
        return f"no answer within {timeout:g} s"
    except UnauthorizedError:
        return f"its token {_fate(entry.cluster.token)}; is a controller running, which renews it?"
    except Exception as error:
        return described(error)
    return member.another or member


async def _read(cluster: Cluster, api: Api, key: Key) -> Member:
    """All that the account of the controller lets it list of the Service. Slices are found by their names too."""
    member = Member(cluster, api, on_change=lambda *_: None, on_contact=lambda *_: None)
    services, slices, *namespaces = await asyncio.gather(
        api.survey(SERVICES, key.namespace, field=f"metadata.name={key.name}"),
        api.survey(SLICES, key.namespace),
        _namespace(api, key.namespace),
        _namespace(api, KUBE_SYSTEM.name),
    )
    member.services.show(services)
    member.slices.show(slices)
    member.namespaces.show(_together(namespaces))
    return member


async def _namespace(api: Api, name: str) -> Survey[Object]:
    return await api.survey(NAMESPACES, field=f"metadata.name={name}")


def _together(lists: Sequence[Survey[Object]]) -> Survey[Object]:
    return Survey(
        lists[0].version,
        tuple(item for one in lists for item in one.items),
        tuple(item for one in lists for item in one.unreadable),
    )


def _fate(token: str) -> str:
    try:
        ended = datetime.fromtimestamp(lifetime(token)[1], UTC)
    except (TokenError, ValueError, OverflowError, OSError):
        return "is refused"
    return f"ended at {ended:%Y-%m-%dT%H:%M:%SZ}" if ended <= datetime.now(UTC) else "is refused"
