"""Which clusters are engaged, as the hub's Secrets say."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import msgspec
import pytest
from msgspec.structs import replace as replace_struct
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from landbridge.api.core import SECRETS, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import FINALIZER, FLEET, MANAGER, SOURCE_CLUSTER
from landbridge.clusters.bulkhead import END
from landbridge.clusters.engagement import Engagement
from landbridge.clusters.member import Member
from landbridge.fleet.cluster import cluster_secret, encode
from landbridge.fleet.record import FleetRecord
from landbridge.kube.clock import utc_now
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import ForbiddenError, UnreachableError
from landbridge.mcs.departure import Departures
from landbridge.telemetry.metrics import (
    AWAITING,
    ENGAGEMENT_FAILURES,
    FOREIGN,
    IMPORTS,
    QUEUE,
    REPAIRS,
    UNEXPLAINED,
    WRITE_FAILURES,
    WRITES,
)
from tests.unit.clusters.engaged import Engaged, engaging, gauge, leave, path, status
from tests.unit.controller.rig import Rig, World
from tests.unit.fakes import running, settle
from tests.unit.objects import ENDED, FLEET_UID, SERVICE2, cluster, mcs, service, slice_

pytestmark = pytest.mark.looptime


async def test_the_clusters_of_the_secrets_are_engaged(world: World) -> None:
    async with engaging(world) as rig:
        assert rig.state.members.keys() == {"old", "new"}
        assert rig.state.live("old")
        assert rig.state.live("new")
        assert len(world.imports("new")) == 1


async def test_s8_a_new_token_serves_on_the_same_connection(world: World) -> None:
    async with engaging(world) as rig:
        before = rig.state.members["old"]
        secret = cluster_secret(replace(cluster("old"), token="second"))
        world.hub.put(path("old"), msgspec.json.decode(SECRETS.encode(secret)))
        await settle(1)
        assert rig.state.members["old"] is before
        assert await world.clusters["old"].tokens.token() == "second"


async def test_s8_of_two_tokens_the_one_that_works_serves(world: World) -> None:
    """The hub is restored from a backup, and its Secrets carry tokens that ended."""
    async with engaging(world) as rig:
        world.clusters["new"].refused.add("ended")
        secret = cluster_secret(replace(cluster("new"), token="ended"))
        world.hub.put(path("new"), msgspec.json.decode(SECRETS.encode(secret)))
        await settle(1)
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.2"))
        await settle(1)
        assert [e.addresses for s in world.imports("new") for e in s.endpoints or ()] == [("10.1.0.2",)]
        assert rig.state.live("new")


async def test_s12_every_write_in_a_member_asks_for_the_permit(world: World) -> None:
    async def refused() -> None:
        raise UnreachableError("not now")

    rig = Engaged(world)
    rig.state.permit = refused
    async with running(rig.run()):
        await settle(3)
        assert [call for name in ("old", "new") for call in world.clusters[name].writes] == []
    rig.close()


async def test_s8_a_changed_server_is_a_new_connection_that_lists_before_anything_is_removed(world: World) -> None:
    async with engaging(world) as rig:
        before = rig.state.members["old"]
        world.clusters["third"].add(SERVICES, service())
        world.clusters["third"].add(SLICES, slice_("a", "10.1.0.1"))
        (import_,) = world.imports("new")
        moved = replace(cluster("old"), config=ServerConfig("https://third:6443", ca=None))
        world.hub.put(path("old"), msgspec.json.decode(SECRETS.encode(cluster_secret(moved))))
        await settle(3)
        assert rig.state.members["old"] is not before
        assert rig.state.members["old"].api.server == "https://third:6443"
        assert world.imports("new") == [import_]


async def test_s7_a_refused_secret_disengages_and_removes_nothing(world: World) -> None:
    async with engaging(world) as rig:
        body = world.hub.objects[path("old")]
        world.hub.put(path("old"), body | {"data": {}})
        await settle(60)
        assert rig.state.members.keys() == {"new"}
        assert len(world.imports("new")) == 1


async def test_s7_a_hub_that_was_emptied_is_no_order(world: World) -> None:
    async with engaging(world) as rig:
        for emptied in (path("old"), path("new"), MULTI_CLUSTER_SERVICES.path("mcs-demo", "service2")):
            world.hub.remove(emptied)
        await settle(60)
        assert rig.state.members == {}
        assert len(world.imports("new")) == 1


async def test_s7_a_provider_whose_secret_vanished_keeps_its_endpoints_in_others(world: World) -> None:
    async with engaging(world) as rig:
        world.hub.remove(path("old"))
        await settle(60)
        assert rig.state.members.keys() == {"new"}
        assert len(world.imports("new")) == 1


async def test_s11_a_secret_is_held_before_its_cluster_is_engaged(world: World) -> None:
    """Whoever wrote it, deleting it must not leave imports behind."""
    body = world.hub.objects[path("new")]
    world.hub.put(path("new"), body | {"metadata": body["metadata"] | {"finalizers": ["stranger"]}})
    async with engaging(world) as rig:
        assert world.hub.held(SECRETS)["cluster-new"].metadata.finalizers == ("stranger", FINALIZER)
        assert rig.state.live("new")


async def test_s8_a_token_on_its_way_into_the_secret_is_not_thrown_away(world: World) -> None:
    async with engaging(world) as rig:
        tokens = rig.world.clusters["old"].tokens
        assert isinstance(tokens, StaticToken)
        tokens.value = "renewed"
        secret = cluster_secret(replace(cluster("old"), namespaces=frozenset({"mcs-demo"})))
        world.hub.put(path("old"), msgspec.json.decode(SECRETS.encode(secret)))
        await settle(1)
        assert await tokens.token() == "renewed"


async def test_s11_who_was_away_while_a_provider_left_gives_its_endpoints_up_later(world: World) -> None:
    async with engaging(world):
        world.clusters["new"].cut()
        await settle(1)
        leave(world, "old")
        await settle(60)
        assert path("old") not in world.hub.objects
        assert len(world.imports("new")) == 1
    world.clusters["new"].heal()
    async with engaging(world):
        await settle(60)
        assert world.imports("new") == []


async def test_s11_what_another_process_writes_into_the_record_counts_at_once(world: World) -> None:
    """`leave --force` says there that a lost cluster left, and takes its Secret away."""
    async with engaging(world):
        world.clusters["old"].cut()
        await settle(5)
        found = world.record()
        world.put_record(replace_struct(found, left={"old": utc_now()}, members=found.members - {"old"}))
        assert len(world.imports("new")) == 1
        world.hub.remove(path("old"))
        await settle(5)
        assert world.imports("new") == []


@pytest.mark.parametrize("back", ["labelled again", "made anew, without our finalizer"])
async def test_s11_what_ends_while_a_secret_is_away_is_a_debt_paid_when_it_is_back(world: World, back: str) -> None:
    """A prune, or a label that somebody takes off for a moment: the cluster is away, and no stranger."""
    async with engaging(world):
        secret = world.hub.objects[path("new")]
        world.hub.remove(path("new"))
        await settle(3)
        world.delete_mcs()
        await settle(3)
        assert world.mcs() is None
        assert world.debts() == {"new": {SERVICE2}}
        assert len(world.imports("new")) == 1
        if back != "labelled again":
            secret = secret | {"metadata": secret["metadata"] | {"finalizers": []}}
        world.hub.put(path("new"), secret)
        await settle(5)
        assert world.imports("new") == []
        assert world.debts() == {}


async def test_s11_a_cluster_that_never_was_a_member_owes_nothing(world: World) -> None:
    """Its name in a spec is a mistake of somebody's."""
    typo = msgspec.json.decode(MULTI_CLUSTER_SERVICES.encode(mcs("old", "old new nwe")))
    world.hub.put(MULTI_CLUSTER_SERVICES.path("mcs-demo", "service2"), typo)
    async with engaging(world):
        world.delete_mcs()
        await settle(3)
        assert world.mcs() is None
        assert world.debts() == {}


async def test_s11_a_cluster_is_in_the_record_before_anything_is_written_there(world: World) -> None:
    def refuse(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("landbridge-fleet"):
            raise ForbiddenError(403, "Forbidden", "may not update")

    world.hub.before = refuse
    async with engaging(world) as rig:
        assert rig.state.members == {}
        world.hub.before = lambda method, path: None
        await settle(20)
        assert world.record().members == {"old", "new"}
        assert len(world.imports("new")) == 1


async def test_a_cluster_is_engaged_though_its_record_is_seen_before_the_write_is_answered(world: World) -> None:
    async with engaging(world):
        answer = world.hub.late = asyncio.Event()
        world.hub.add(SECRETS, cluster_secret(cluster("third")))
        await settle(1)
        assert "third" in world.record().members
        answer.set()
        await settle(1)
        assert gauge("landbridge_cluster_live", "third") == 1


async def test_s7_a_farewell_of_an_older_record_is_no_order_where_the_cluster_was_seen_since(world: World) -> None:
    """A backup from between a leave and the next join: neither the Secret nor the right record is in it."""
    secret = world.hub.objects[path("old")]
    created = secret | {"metadata": secret["metadata"] | {"creationTimestamp": "2026-01-02T00:00:00Z"}}
    world.hub.put(path("old"), created)
    async with engaging(world):
        world.hub.remove(path("old"))
        world.put_record(FleetRecord(FLEET_UID, left={"old": "2026-01-01T00:00:00Z"}))
        await settle(60)
        assert len(world.imports("new")) == 1


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        ("2026-01-01T00:00:01Z", True),
        ("2026-01-01T00:00:00Z", False),
        ("2025-12-31T23:59:59Z", False),
        ("2999-01-01T00:00:00Z", False),
    ],
)
async def test_s7_an_import_that_is_younger_than_the_farewell_shows_that_the_cluster_joined_again(
    world: World, made: str, kept: bool
) -> None:
    """The same backup, and a controller that starts on it."""
    async with engaging(world):
        pass
    (import_,) = world.imports("new")
    where = SLICES.path("mcs-demo", import_.metadata.name)
    body = world.clusters["new"].objects[where]
    world.clusters["new"].put(where, body | {"metadata": body["metadata"] | {"creationTimestamp": made}})
    world.hub.remove(path("old"))
    world.put_record(FleetRecord(FLEET_UID, left={"old": "2026-01-01T00:00:00Z"}))
    async with engaging(world):
        await settle(60)
        assert len(world.imports("new")) == kept


async def test_s7_a_cluster_that_came_back_may_vanish_again_without_a_farewell(world: World) -> None:
    world.put_record(FleetRecord(FLEET_UID, left={"old": ENDED}))
    async with engaging(world):
        assert world.record().left == {}
        world.hub.remove(path("old"))
        await settle(60)
        assert len(world.imports("new")) == 1


async def test_s7_a_secret_of_another_name_neither_refuses_nor_ends_a_cluster(world: World) -> None:
    """Argo CD's Secrets carry the same label, under any name."""
    async with engaging(world) as rig:
        stray = SECRETS.path("landbridge-system", "old")
        world.hub.put(stray, {"metadata": {"namespace": "landbridge-system"}, "data": {}})
        await settle(3)
        world.hub.remove(stray)
        await settle(3)
        assert rig.state.members.keys() == {"old", "new"}
        assert len(world.imports("new")) == 1


async def test_s11_a_provider_leaves_when_no_consumer_holds_its_endpoints(world: World) -> None:
    async with engaging(world) as rig:
        leave(world, "old")
        await settle(3)
        assert world.imports("new") == []
        assert path("old") not in world.hub.objects
        assert rig.state.members.keys() == {"new"}


async def test_s11_a_consumer_leaves_when_it_is_empty(world: World) -> None:
    def refuse(method: str, path: str) -> None:
        if method == "DELETE":
            raise ForbiddenError(403, "Forbidden", "may not delete")

    async with engaging(world):
        world.clusters["new"].before = refuse
        leave(world, "new")
        await settle(60)
        assert path("new") in world.hub.objects
        world.clusters["new"].before = lambda method, path: None
        await settle(60)
        assert path("new") not in world.hub.objects
        assert world.imports("new") == []


async def test_s11_a_cluster_out_of_reach_does_not_leave(world: World) -> None:
    async with engaging(world):
        world.clusters["new"].cut()
        leave(world, "new")
        await settle(60)
        assert path("new") in world.hub.objects
        world.clusters["new"].heal()
        await settle(60)
        assert path("new") not in world.hub.objects
        assert world.imports("new") == []


@pytest.mark.parametrize("name", ["old", "new"])
async def test_s11_a_cluster_does_not_leave_while_an_import_is_being_written(world: World, name: str) -> None:
    """Decided before, acknowledged after: it would be left behind."""
    world.clusters["old"].take(SLICES, Key("mcs-demo", "a"))
    written: list[bool] = []
    async with engaging(world):
        slow = world.clusters["new"].delay = asyncio.Event()
        world.clusters["old"].add(SLICES, slice_("a", "10.1.0.1"))
        await settle()
        leave(world, name)
        await settle(3)
        written.append(path(name) in world.hub.objects)
        slow.set()
        await settle(3)
        assert written == [True]
        assert world.imports("new") == []
        assert path(name) not in world.hub.objects


async def test_s11_a_cluster_that_cannot_leave_is_looked_at_once_a_second(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def never_clean(_: Departures, name: str) -> bool:
        looks.append(name)
        return False

    monkeypatch.setattr(Departures, "clean", never_clean)
    async with engaging(world):
        leave(world, "old")
        await settle(30)
        assert 30 <= len(looks) <= 33


async def test_s11_what_only_labels_call_a_clusters_own_is_named_when_it_leaves(world: World) -> None:
    labels = {FLEET: FLEET_UID, SOURCE_CLUSTER: "old"}
    forged = slice_("forged", key=Key("shop", "web"), manager=MANAGER, labels=labels)
    world.clusters["new"].add(SLICES, forged)
    async with engaging(world):
        with capture_logs() as lines:
            leave(world, "old")
            await settle(3)
        assert path("old") not in world.hub.objects
        (line,) = [line for line in lines if line["event"] == "imports kept that only labels call its own"]
        assert (line["cluster"], line["imports"]) == ("old", ["new: shop/forged"])


async def test_s11_the_debts_of_a_cluster_go_with_it(world: World) -> None:
    async with engaging(world):
        world.clusters["new"].cut()
        world.hub.put(
            MULTI_CLUSTER_SERVICES.path("mcs-demo", "service2"),
            msgspec.json.decode(MULTI_CLUSTER_SERVICES.encode(mcs("old", "old new", ending=True))),
        )
        await settle(5)
        assert world.debts() == {"new": {SERVICE2}}
        world.clusters["new"].heal()
        leave(world, "new")
        await settle(60)
        assert world.debts() == {}
        assert path("new") not in world.hub.objects
        assert world.imports("new") == []


async def test_a_cluster_that_cannot_leave_yet_does_not_keep_the_others_busy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engaging(world) as rig:
        world.clusters["new"].cut()
        looks: list[None] = []
        monkeypatch.setattr(rig.router, "roster_changed", lambda: looks.append(None))
        leave(world, "new")
        await settle(60)
        assert len(looks) == 1


async def test_a_cluster_that_was_never_reached_counts_as_not_live(world: World) -> None:
    world.clusters["old"].cut()
    async with engaging(world):
        assert gauge("landbridge_cluster_live") == 0
        world.clusters["old"].heal()
        await settle(60)
        assert gauge("landbridge_cluster_live") == 1


async def test_a_cluster_that_is_gone_is_counted_no_more(world: World) -> None:
    async with engaging(world) as rig:
        for metric in (QUEUE, IMPORTS, UNEXPLAINED, AWAITING, FOREIGN):
            metric.labels("old").set(7)
        leave(world, "old")
        await settle(3)
        assert "old" not in rig.state.members
    for name in (
        "cluster_live",
        "queue_length",
        "imports",
        "unexplained_imports",
        "imports_awaiting_sweep",
        "foreign_imports",
    ):
        assert gauge(f"landbridge_{name}") is None


def counters(name: str) -> set[str]:
    """What was counted in a cluster that only ever grows."""
    counted = ("import_writes", "sync_failures", "import_repairs", "sync_duration_seconds", "engagement_failures")
    metrics = {f"landbridge_{each}": each for each in counted}
    return {
        metrics[metric.name]
        for metric in REGISTRY.collect()
        if metric.name in metrics and any(sample.labels["cluster"] == name for sample in metric.samples)
    }


async def test_what_was_counted_in_a_cluster_outlives_its_engagement_and_ends_with_its_membership(
    world: World,
) -> None:
    async with engaging(world) as rig:
        WRITES.labels("old", "create", "NewSlice").inc()
        for counter in (WRITE_FAILURES, ENGAGEMENT_FAILURES):
            counter.labels("old", "Unreachable").inc()
        REPAIRS.labels("old").inc()
        assert len(counters("old")) == 5
        body = world.hub.objects[path("old")]
        world.hub.put(path("old"), body | {"data": {}})
        await settle(3)
        assert "old" not in rig.state.members
        assert len(counters("old")) == 5
        world.hub.put(path("old"), body)
        await settle(3)
        leave(world, "old")
        await settle(3)
        assert counters("old") == set()
        assert counters("new") != set()


async def test_a_stop_while_a_cluster_is_being_disengaged_is_not_swallowed(world: World) -> None:
    async def slow_to_end(_: Member) -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(1)

    rig = Rig(world)
    engagement = Engagement(rig.state, world.hub, cluster("old"), rig.router, slow_to_end)
    async with asyncio.TaskGroup() as tasks:
        engagement.start(tasks)
        await settle()
        ending = asyncio.create_task(engagement.end())
        await asyncio.sleep(0.5)
        ending.cancel()
        await asyncio.wait([ending])
    assert ending.cancelled()


async def test_s15_an_engagement_that_refuses_to_end_holds_nobody_up(world: World) -> None:
    async def never_ends(_: Member) -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(100)
                break

    rig = Rig(world)
    engagement = Engagement(rig.state, world.hub, cluster("old"), rig.router, never_ends)
    async with asyncio.TaskGroup() as tasks:
        engagement.start(tasks)
        await settle()
        await asyncio.wait_for(engagement.end(), END + 1)


async def test_s15_a_secret_that_nobody_would_write_is_its_clusters_trouble(world: World) -> None:
    for name, config in {"deep": "[" * 25_000, "odd": '{"tlsClientConfig": {"caData": "w7w="}}'}.items():
        secret = cluster_secret(cluster(name))
        odd = msgspec.structs.replace(secret, data={**(secret.data or {}), "config": encode(config)})
        world.hub.add(SECRETS, odd)
    async with engaging(world) as rig:
        assert rig.state.members.keys() == {"old", "new"}
        assert (rig.state.clusters["deep"], rig.state.clusters["odd"]) == (None, None)
        assert len(world.imports("new")) == 1


async def test_s15_a_cluster_whose_engagement_fails_is_not_news_to_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails_in_old(rig: Rig, member: Member) -> None:
        if member.name == "old":
            raise RecursionError("nested too deep")
        await keep_imports(rig, member)

    looks: list[None] = []
    keep_imports = Rig.keep_imports
    monkeypatch.setattr(Rig, "keep_imports", fails_in_old)
    async with engaging(world) as rig:
        monkeypatch.setattr(rig.router, "roster_changed", lambda: looks.append(None))
        await settle(30)
        assert failures("old") > 2
        assert looks == []


async def test_s15_what_nobody_foresaw_ends_one_engagement_which_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug, or a value of a member that nobody thought of, is one cluster's trouble."""
    broken = True
    keep_imports = Rig.keep_imports

    async def fails_in_old(rig: Rig, member: Member) -> None:
        if member.name == "old" and broken:
            raise RecursionError("nested too deep")
        await keep_imports(rig, member)

    monkeypatch.setattr(Rig, "keep_imports", fails_in_old)
    async with engaging(world) as rig:
        await settle(30)
        assert rig.state.live("new")
        assert "nested too deep" in rig.state.failures["old"]
        assert failures("old") > 2
        (old,) = [row for row in status(world).clusters if row.name == "old"]
        assert "nested too deep" in old.message
        broken = False
        await settle(120)
        assert rig.state.live("old")
        assert rig.state.failures == {}


def failures(name: str) -> float:
    labels = {"cluster": name, "reason": "RecursionError"}
    return REGISTRY.get_sample_value("landbridge_engagement_failures_total", labels) or 0.0
