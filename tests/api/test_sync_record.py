"""Who is in the fleet, who left, and what is owed: the fleet's record, and what happens without a Secret (S7, S11)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext

import msgspec
import pytest
from msgspec.structs import replace

from landbridge.api.core import CONFIG_MAPS, SECRETS, Secret
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.names import CLUSTER_LABEL, CLUSTER_LABEL_VALUE, SYSTEM_NAMESPACE
from landbridge.enroll.leave import leave
from landbridge.fleet import record
from landbridge.fleet.amendment import amend
from landbridge.fleet.cluster import PREFIX
from landbridge.fleet.record import FleetRecord, read_record, render_record
from landbridge.kube.clock import utc_now
from tests.api.controller_process import ControllerProcess
from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import NEW, OLD, World
from tests.silence import silent


async def test_a_forced_leave_is_heard_at_once_s11(scene: Scene) -> None:
    """It is another process: what the others import from a lost cluster goes without a restart of the controller."""
    world, names = scene.world, [f"web-{number}" for number in range(60)]
    scenes = [Scene(world, scene.namespace, name) for name in names]
    for some in (scenes[start : start + 10] for start in range(0, 60, 10)):
        await asyncio.gather(*map(_provided_by_new, some))
    await scene.holds(OLD, 60)
    lost = world.cluster(NEW)
    await lost.cut(api=True)
    try:
        await eventually(lambda: _lost(world), bool)
        await leave(world.hub, None, NEW, silent, force=True)
        await scene.holds(OLD, 0)
    finally:
        await lost.heal()
        await world.join(NEW)
    await scene.holds(OLD, 60)
    await asyncio.gather(*(one.delete_mcs() for one in scenes))
    await asyncio.gather(*(one.mcs_gone() for one in scenes))


async def _provided_by_new(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    await scene.put_slice(NEW, scene.pod(NEW, 1), name=f"{scene.name}-abcde")
    await scene.make_mcs([NEW], [OLD])


async def _lost(world: World) -> bool:
    return await world.controller.metric("landbridge_cluster_live", cluster=NEW) == 0


@pytest.mark.parametrize("restarted", [True, False], ids=["restarted", "running"])
async def test_a_backup_from_before_a_cluster_joined_again_takes_nothing_from_the_others_s7(
    scene: Scene, controller: ControllerProcess, restarted: bool
) -> None:
    """The restored hub says that the cluster left, and has no Secret of it."""
    farewell = utc_now()
    await asyncio.sleep(1.1)  # times are whole seconds
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    before = await scene.only_import(NEW, pod)
    if restarted:
        await controller.end()
    else:  # its Secret is older than the farewell; what counts is what was seen of the cluster since
        farewell = await _day_before_it_joined(scene)
    secret = await _secret(scene)
    with nullcontext() if restarted else controller.asleep():
        await _restore(scene, farewell)
    if restarted:
        await controller.start()
        await eventually(lambda: controller.metric("landbridge_cluster_live"), lambda live: live == 2)
        await eventually(lambda: controller.metric("landbridge_queue_length"), lambda length: length == 0)
    await scene.shows(OLD, "NoCluster")
    assert [found["metadata"]["uid"] for found in await scene.imports(NEW)] == [before["metadata"]["uid"]]
    meta = replace(secret.metadata, uid="", resource_version="")
    await scene.world.hub.create(SECRETS, replace(secret, metadata=meta))
    await scene.shows(OLD, "Synced")
    await scene.put_slice(OLD, scene.pod(OLD, 2))
    after = await scene.only_import(NEW, scene.pod(OLD, 2))
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert OLD in (await record.load(scene.world.hub)).members


async def _day_before_it_joined(scene: Scene) -> str:
    created = (await _secret(scene)).metadata.creation_timestamp or ""
    return f"2000{created[4:]}"


async def _restore(scene: Scene, farewell: str) -> None:
    """As a backup would leave the hub: the record from then, no Secret.

    No controller may see it half done: it would put its finalizer on again, and take the deletion for a farewell.
    """
    hub = scene.world.hub
    await amend(hub, lambda found: replace(found, left={OLD: farewell}, members=found.members - {OLD}))
    meta = ObjectMeta(f"{PREFIX}{OLD}", SYSTEM_NAMESPACE)
    await hub.merge_patch(SECRETS, meta, {"metadata": {"finalizers": None}})
    await hub.delete(SECRETS, meta)


async def _secret(scene: Scene, cluster: str = OLD) -> Secret:
    return await scene.world.hub.get(SECRETS, f"{PREFIX}{cluster}", SYSTEM_NAMESPACE)


async def test_what_ends_while_a_secret_lost_its_label_is_paid_when_it_is_back_s11(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    await scene.only_import(NEW, pod)
    await _label(scene, None)
    try:
        await scene.shows(NEW, "NoCluster")
        await scene.delete_mcs()
        await scene.mcs_gone()
        assert (await _debts(scene)) == {NEW: {scene.key}}
        await scene.holds(NEW, 1)
    finally:
        await _label(scene, CLUSTER_LABEL_VALUE)
    await scene.holds(NEW, 0)
    await eventually(lambda: _debts(scene), lambda debts: not debts)


async def test_a_name_that_never_was_a_member_owes_nothing_s11(scene: Scene) -> None:
    await scene.make_mcs([OLD], ["newclustre"])
    await scene.shows("newclustre", "NoCluster")
    await scene.delete_mcs()
    await scene.mcs_gone()
    assert await _debts(scene) == {}


async def _label(scene: Scene, value: str | None) -> None:
    meta = ObjectMeta(f"{PREFIX}{NEW}", SYSTEM_NAMESPACE)
    await scene.world.hub.merge_patch(SECRETS, meta, {"metadata": {"labels": {CLUSTER_LABEL: value}}})


async def _debts(scene: Scene) -> Mapping[str, frozenset[Key]]:
    return (await record.load(scene.world.hub)).debts


async def test_the_largest_record_is_taken_by_an_api_server_s11(scene: Scene) -> None:
    """5,000 Services and 6 clusters away, all with the longest names that there are."""
    keys = frozenset(Key(f"{n:04}".ljust(63, "n"), f"{n:04}".ljust(63, "s")) for n in range(5000))
    debts = {f"{number}".ljust(63, "c"): keys for number in range(6)}
    rendered = render_record(FleetRecord("u" * 36, debts))
    config_map = replace(rendered, metadata=ObjectMeta("record", scene.namespace))
    created = await scene.world.hub.create(CONFIG_MAPS, config_map)
    assert read_record(created).debts == debts
    path = CONFIG_MAPS.path(scene.namespace, "record")
    again = msgspec.json.decode(await scene.world.hub.request("GET", path), type=dict[str, object])
    assert again["data"] == rendered.data
