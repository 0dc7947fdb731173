"""A hub and members in memory, for what real servers hardly ever do: fail at one request."""

from __future__ import annotations

from landbridge.api.core import CONFIG_MAPS
from landbridge.fleet.admission import Wish
from landbridge.fleet.join import join
from landbridge.fleet.progress import Report
from landbridge.fleet.record import FleetRecord, render_record
from landbridge.kube.config import ServerConfig
from tests.silence import silent
from tests.unit.fleet.tokens_for_tests import jwt
from tests.unit.memory_api import MemoryApi

SYSTEM = "/api/v1/namespaces/landbridge-system"
ACCOUNT = f"{SYSTEM}/serviceaccounts/landbridge-sync"
SECRET = f"{SYSTEM}/secrets/cluster-oldcluster"
TOKEN = jwt(0, 86_400)


def cluster(uid: str, server: str, version: str = "v1.36.4") -> MemoryApi:
    """A cluster that knows itself, and gives tokens."""
    api = MemoryApi(server, version)
    api.put("/api/v1/namespaces/kube-system", {"metadata": {"uid": uid}})
    api.answers["POST", f"{ACCOUNT}/token"] = {"spec": {"expirationSeconds": 1}, "status": {"token": TOKEN}}
    return api


async def fleet_hub() -> MemoryApi:
    """A hub without members."""
    api = cluster("hub", "https://hub:6443")
    await api.create(CONFIG_MAPS, render_record(FleetRecord("fleet-uid")))
    api.calls.clear()
    return api


async def join_in_memory(hub: MemoryApi, member: MemoryApi, wish: Wish | None = None, report: Report = silent) -> None:
    """Join, with a connection that is the member itself."""
    wanted = wish or Wish("oldcluster", pod_cidrs=("10.1.0.0/16",))
    await join(hub, member, ServerConfig(member.server), wanted, report, connect=lambda config, token: member)
