"""What a person who lets a cluster leave is told of the others."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from msgspec.structs import replace

from landbridge.api.core import SECRETS
from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.names import FLEET, MANAGER, SOURCE, SOURCE_CLUSTER
from landbridge.clusters.ownership import import_name, source_mark
from landbridge.enroll.leave import leave
from landbridge.enroll.strays import TIMEOUT, tell_of_imports
from landbridge.fleet.cluster import cluster_secret
from landbridge.fleet.refusal import TimedOutError
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import ForbiddenError, UnreachableError
from tests.unit.fakes import WatchedApi
from tests.unit.fleet.stage import cluster, fleet_hub, join_in_memory
from tests.unit.memory_api import MemoryApi
from tests.unit.objects import FLEET_UID, slice_
from tests.unit.objects import cluster as described

pytestmark = pytest.mark.looptime

LABELS = {FLEET: FLEET_UID, SOURCE_CLUSTER: "old"}


def proven(name: str = "a", *finalizers: str) -> EndpointSlice:
    copied = slice_(name)
    found = slice_(import_name(FLEET_UID, "old", copied), manager=MANAGER, labels=LABELS)
    ended = "2026-01-01T00:00:00Z" if finalizers else None
    meta = replace(
        found.metadata,
        annotations={SOURCE: source_mark("old", copied)},
        finalizers=finalizers,
        deletion_timestamp=ended,
    )
    return replace(found, metadata=meta)


async def told(*slices: EndpointSlice, other: WatchedApi | None = None) -> list[str]:
    hub, other = MemoryApi(), other or WatchedApi()
    for name in ("old", "new"):
        secret = msgspec.json.decode(SECRETS.encode(cluster_secret(described(name))))
        hub.put(SECRETS.path("landbridge-system", f"cluster-{name}"), secret)
    for one in slices:
        other.add(SLICES, one)
    asked: list[str] = []

    def connect(config: ServerConfig, token: StaticToken) -> WatchedApi:
        asked.append(config.server)
        return other

    said: list[str] = []
    await tell_of_imports(hub, "old", FLEET_UID, said.append, connect)
    assert asked == ["https://new:6443"]
    return said


async def test_nothing_is_said_where_nothing_is_left() -> None:
    labels = LABELS | {SOURCE_CLUSTER: "third"}
    assert await told(slice_("own"), slice_("others", manager=MANAGER, labels=labels)) == []


async def test_s11_slices_that_only_labels_call_imports_are_told_and_how_to_see_them() -> None:
    (line,) = await told(slice_("forged", manager=MANAGER, labels=LABELS))
    assert line == (
        "1 slice in new that only labels call imports from old: mcs-demo/forged; see: kubectl --context new get "
        "endpointslices -A -l endpointslice.kubernetes.io/managed-by=landbridge.dev,landbridge.dev/fleet=fleet-1,"
        "multicluster.kubernetes.io/source-cluster=old"
    )


async def test_s11_what_still_goes_is_counted() -> None:
    assert await told(proven("a"), proven("b")) == ["2 imports from old left in new: the controller removes them"]


async def test_s11_what_a_finalizer_holds_is_named() -> None:
    (line,) = await told(proven("a", "example.com/keep"))
    assert "held by finalizer example.com/keep" in line


async def test_a_member_that_cannot_be_asked_is_named() -> None:
    other = WatchedApi()
    other.down = True
    assert await told(other=other) == ["imports from old in new go when that is in reach again: the line is cut"]
    other = WatchedApi()
    other.slow = asyncio.Event()
    (line,) = await told(other=other)
    assert line.endswith(f"no answer within {TIMEOUT:.0f} s")


async def test_a_hub_that_refuses_fails_nothing() -> None:
    hub = MemoryApi()

    def refuse(method: str, path: str) -> None:
        raise ForbiddenError(403, "Forbidden", "may not list")

    hub.before = refuse
    said: list[str] = []
    await tell_of_imports(hub, "old", FLEET_UID, said.append, lambda config, token: hub)
    assert said == ["what other members hold of old is not known: may not list"]


async def test_s11_a_leave_that_takes_too_long_says_what_the_others_hold() -> None:
    hub, member = await fleet_hub(), cluster("old", "https://old:6443")
    await join_in_memory(hub, member)
    secret = msgspec.json.decode(SECRETS.encode(cluster_secret(described("new"))))
    hub.put(SECRETS.path("landbridge-system", "cluster-new"), secret)
    away = MemoryApi()

    def cut(method: str, path: str) -> None:
        raise UnreachableError("the line is cut")

    away.before = cut
    said: list[str] = []
    with pytest.raises(TimedOutError):
        await leave(hub, member, "oldcluster", said.append, timeout=3, connect=lambda config, token: away)
    assert said[-1] == "imports from oldcluster in new go when that is in reach again: the line is cut"
