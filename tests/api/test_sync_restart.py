"""The controller may die at any instant (S12); a Lease says which one works."""

from __future__ import annotations

import asyncio
import signal

from msgspec import to_builtins
from msgspec.structs import replace

from landbridge.api.coordination import LEASES, LeaseSpec
from landbridge.api.names import LEASE, SYSTEM_NAMESPACE
from tests.api.audit import Request
from tests.api.controller_process import ControllerProcess, free_port
from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, HUB, NEW, OLD, World

FENCE = "fence"


async def test_a_restart_writes_nothing_when_nothing_changed_s12(scene: Scene, controller: ControllerProcess) -> None:
    await scene.make_service(*CLUSTERS)
    for cluster in CLUSTERS:
        await scene.put_slice(cluster, *scene.pods(cluster, 3))
        await scene.put_slice(cluster, scene.pod(cluster, 4), name="web-second")
    await scene.make_mcs(CLUSTERS, CLUSTERS)
    for cluster in CLUSTERS:
        await scene.shows(cluster, "Synced", ownReady=4, importedReady=8)
    before = {cluster: await scene.imports(cluster) for cluster in CLUSTERS}
    mcs = await scene.mcs()
    marks = {cluster: scene.world.audit(cluster).mark() for cluster in CLUSTERS}
    await controller.end(signal.SIGKILL)
    await controller.start()
    await _looked_at_everything(scene, controller)
    assert {cluster: await scene.imports(cluster) for cluster in CLUSTERS} == before
    assert await scene.mcs() == mcs
    seen = {cluster: await scene.world.audit(cluster).since(mark) for cluster, mark in marks.items()}
    assert [request.short for requests in seen.values() for request in requests if _counts(request)] == []


async def test_what_changed_while_it_was_dead_is_made_right_s12(scene: Scene, controller: ControllerProcess) -> None:
    await scene.make_service(*CLUSTERS)
    one, two, three = scene.pods(OLD, 3)
    await scene.put_slice(OLD, one)
    await scene.put_slice(OLD, two, name="web-second")
    await scene.make_mcs([OLD], [NEW, HUB])
    for consumer in (NEW, HUB):
        await scene.arrives(consumer, one, two)
    await controller.end(signal.SIGKILL)
    await scene.put_slice(OLD, three)
    await scene.delete_slice(OLD, "web-second")
    await scene.change_mcs([OLD], [NEW])
    assert await scene.imported(NEW) == sorted([one, two])
    await controller.start()
    await scene.arrives(NEW, three)
    await scene.holds(HUB, 0)
    await scene.shows(NEW, "Synced", importedReady=1)


async def test_a_multiclusterservice_deleted_while_it_was_dead_ends_after_s11(
    scene: Scene, controller: ControllerProcess
) -> None:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, pod)
    await controller.end(signal.SIGKILL)
    await scene.delete_mcs()
    await controller.start()
    await scene.mcs_gone()
    await scene.holds(NEW, 0)


async def test_killed_in_the_middle_and_started_again_it_converges_s12(
    scene: Scene, controller: ControllerProcess
) -> None:
    await scene.make_service(*CLUSTERS)
    await scene.make_mcs([OLD], [NEW, HUB])
    pods = scene.pods(OLD, 60)
    for _ in range(2):
        await _kill_in_the_middle(scene, controller, pods)
    for consumer in (NEW, HUB):
        await scene.arrives(consumer, *pods[:3], *pods[30:33], pods[59])


async def _kill_in_the_middle(scene: Scene, controller: ControllerProcess, pods: list[str]) -> None:
    writing = asyncio.create_task(_churn(scene, pods))
    await eventually(lambda: scene.imported(NEW), lambda found: len(found) > 8 or writing.done())
    await controller.end(signal.SIGKILL)
    await controller.start()
    await writing


async def _churn(scene: Scene, pods: list[str]) -> None:
    """Changes without a pause; only during them there are more than eight endpoints, and at the end these seven."""
    for count in range(30):
        await scene.put_slice(OLD, *pods[: 9 + count % 15])
        await scene.put_slice(OLD, *pods[30 : 30 + count % 5], name="web-second")
        await scene.put_slice(OLD, pods[59], name="web-brief")
        await scene.delete_slice(OLD, "web-brief")
    await scene.put_slice(OLD, *pods[:3])
    await scene.put_slice(OLD, *pods[30:33], name="web-second")
    await scene.put_slice(OLD, pods[59], name="web-last")


async def test_a_lease_says_who_works_and_that_it_lives(world: World) -> None:
    first = await _lease(world)
    assert first.holder_identity
    assert f"_{world.controller.pid}_" in first.holder_identity
    later = await eventually(lambda: _lease(world), lambda lease: lease.renew_time != first.renew_time)
    assert replace(later, renew_time=None) == replace(first, renew_time=None)


async def test_sigterm_ends_it_cleanly_and_lets_the_next_one_in(world: World, controller: ControllerProcess) -> None:
    assert await controller.end() == 0
    assert (await _lease(world)).holder_identity == ""


async def test_a_second_controller_waits_and_takes_over(world: World, controller: ControllerProcess) -> None:
    """It takes over when the Lease has run out, and not before."""
    log = controller.log.with_name("second.log")
    second = ControllerProcess(controller.kubeconfig, log, port=free_port(controller.port + 1))
    await second.spawn()
    try:
        await eventually(lambda: _said(second), lambda text: "waiting for the lease" in text)
        assert "elected" not in second.said()
        await controller.end(signal.SIGKILL)
        held = await eventually(lambda: _lease(world), lambda lease: f"_{second.pid}_" in (lease.holder_identity or ""))
        assert held.lease_transitions
    finally:
        assert await second.end() == 0


async def test_a_leader_that_lost_the_lease_is_a_candidate_again(world: World, controller: ControllerProcess) -> None:
    """Somebody took it: this one stops, waits until that lease runs out, and works again, in the same process."""
    pid = controller.pid
    lease = await world.hub.get(LEASES, LEASE, SYSTEM_NAMESPACE)
    taken = replace(lease.spec, holder_identity="somebody", lease_duration_seconds=1)
    await world.hub.merge_patch(LEASES, replace(lease.metadata, resource_version=""), {"spec": to_builtins(taken)})
    await eventually(lambda: _said(controller), lambda text: "no longer the leader, a candidate again" in text)
    held = await eventually(lambda: _lease(world), lambda spec: f"_{pid}_" in (spec.holder_identity or ""))
    assert held.lease_transitions
    await eventually(lambda: controller.metric("landbridge_cluster_live"), lambda live: live == len(CLUSTERS))


async def _looked_at_everything(scene: Scene, controller: ControllerProcess) -> None:
    """All clusters are live, no key waits, and what came last of all has its status: so had the others a look."""
    await eventually(lambda: controller.metric("landbridge_cluster_live"), lambda live: live == len(CLUSTERS))
    await eventually(lambda: controller.metric("landbridge_queue_length"), lambda length: length == 0)
    fence = Scene(scene.world, scene.namespace, FENCE)
    await fence.make_mcs([OLD], [NEW])
    await fence.shows(NEW, "NoService")
    await fence.delete_mcs()
    await fence.mcs_gone()


async def _lease(world: World) -> LeaseSpec:
    return (await world.hub.get(LEASES, LEASE, SYSTEM_NAMESPACE)).spec


async def _said(controller: ControllerProcess) -> str:
    return controller.said()


def _counts(request: Request) -> bool:
    about = request.object_ref
    of_fence = about.name.partition(".")[0] == FENCE  # also its Events
    return request.writes and about.resource not in ("leases", "serviceaccounts") and not of_fence
