"""What clusters that are away still owe: imports of MultiClusterServices that ended meanwhile."""

from __future__ import annotations

import msgspec

from landbridge.enroll.admission import initialised
from landbridge.kube.api import Api


class Debtor(msgspec.Struct, frozen=True, rename="camel"):
    """One cluster."""

    cluster: str
    since: str
    """When the first of them ended (RFC 3339), empty where an earlier version noted it."""
    services: tuple[str, ...]
    """Those whose imports it may still hold."""


async def debtors(hub: Api) -> list[Debtor]:
    """All of them, by name.

    Raises:
        RefusedError: The hub holds no fleet.
        KubeError: The hub refused, or gave no answer.
    """
    record = await initialised(hub)
    return [
        Debtor(name, record.owing.get(name, ""), tuple(map(str, sorted(keys))))
        for name, keys in sorted(record.debts.items())
        if keys
    ]
