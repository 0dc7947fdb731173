"""What endpoint changes cost: rule S5; and what forged ones may: rule S9."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from landbridge.api.discovery import SLICES
from landbridge.mcs.pace import RATE
from tests.api.audit import Mark, Request
from tests.api.scene import Scene, slice_body
from tests.api.waiting import eventually
from tests.api.world import HUB, NEW, OLD

STATUS = "patch multiclusterservices/status"
CHANGES = 30
CHURN_SECONDS = 2.5
FORGED = 120


async def test_one_change_is_one_write_for_each_consumer_and_nothing_else_s5(scene: Scene) -> None:
    """One endpoint takes another's place, so that there is nothing to report either, by status or Event."""
    await scene.make_service(HUB, OLD, NEW)
    pods = scene.pods(OLD, CHANGES + 1)
    await scene.put_slice(OLD, pods[0])
    await scene.make_mcs([OLD], [NEW, HUB])
    await scene.shows(OLD, "Synced", ownReady=1)
    await scene.shows(NEW, "Synced", importedReady=1)
    await scene.shows(HUB, "Synced", importedReady=1)
    marks = {cluster: scene.world.audit(cluster).mark() for cluster in (HUB, OLD, NEW)}
    for pod in pods[1:]:
        await scene.put_slice(OLD, pod)
        for consumer in (NEW, HUB):
            await scene.arrives(consumer, pod)
    await _renewed_the_lease_since(scene, marks[HUB])
    seen = {cluster: await scene.world.audit(cluster).since(mark) for cluster, mark in marks.items()}
    assert _costs(seen[OLD]) == []
    assert _costs(seen[NEW]) == ["update endpointslices"] * CHANGES
    assert _costs(seen[HUB]) == ["update endpointslices"] * CHANGES


async def test_churn_writes_each_status_at_most_once_a_second_s5(scene: Scene) -> None:
    """The number of endpoints changes with every write, so the status has something new to say all the time."""
    await scene.make_service(OLD, NEW)
    await scene.make_mcs([OLD], [NEW])
    pods = scene.pods(OLD, 50)
    mark, start = scene.world.audit(HUB).mark(), asyncio.get_running_loop().time()
    count = 0
    while asyncio.get_running_loop().time() < start + CHURN_SECONDS:
        count += 1
        await scene.put_slice(OLD, *pods[: 1 + count % 50])
    last = 1 + count % 50
    await scene.arrives(NEW, *pods[:last])
    await scene.shows(OLD, "Synced", ownReady=last)
    await scene.shows(NEW, "Synced", importedReady=last)
    writes = [r for r in await scene.world.audit(HUB).since(mark) if r.short == STATUS and _about(scene, r)]
    elapsed = asyncio.get_running_loop().time() - start
    assert count > 2 * elapsed, "that was no churn"
    assert 2 <= len(writes) <= elapsed + 1


async def test_a_burst_is_written_as_often_as_needed_and_ends_right_s5(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    await scene.make_mcs([OLD], [NEW])
    pods = scene.pods(OLD, 100)
    await scene.put_slice(OLD, pods[0])
    await scene.arrives(NEW, pods[0])
    mark = scene.world.audit(NEW).mark()
    for pod in pods[1:]:
        await scene.put_slice(OLD, pod)
    await scene.arrives(NEW, pods[-1])
    writes = [request for request in await scene.world.audit(NEW).since(mark) if request.writes]
    assert {request.short for request in writes} == {"update endpointslices"}
    assert 1 <= len(writes) <= len(pods) - 1


async def test_forged_slices_cost_a_bounded_number_of_writes_and_are_told_s9(scene: Scene) -> None:
    """Each lives for a moment, as where a control plane deletes them. Nobody's address costs nothing at all."""
    await scene.make_service(OLD, NEW)
    pod, *inside = scene.pods(OLD, 2 * FORGED + 1)
    outside = [f"192.0.2.{number}" for number in range(FORGED)]
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, pod)
    mark, start = scene.world.audit(NEW).mark(), asyncio.get_running_loop().time()
    async with _forged(scene, outside):
        assert "endpoint(s) of oldcluster are not imported: 192.0.2." in (await scene.shows(NEW, "Conflict"))["message"]
    async with _forged(scene, inside[:FORGED]):
        await scene.holds(NEW, FORGED + 1)
    async with _forged(scene, inside[FORGED:]):
        await eventually(lambda: scene.row(NEW), lambda row: "faster than" in row["message"])
    await scene.arrives(NEW, pod)
    await scene.shows(NEW, "Synced")
    elapsed = asyncio.get_running_loop().time() - start
    created = [one for one in await scene.world.audit(NEW).since(mark) if one.short == "create endpointslices"]
    assert FORGED <= len(created) <= FORGED + 1 + RATE * elapsed


@asynccontextmanager
async def _forged(scene: Scene, addresses: Sequence[str]) -> AsyncGenerator[None]:
    """Slices with these addresses, for a while."""
    bodies = [slice_body(scene.name, f"web-f{number}", [one]) for number, one in enumerate(addresses)]
    await asyncio.gather(*(scene.create(OLD, SLICES, body) for body in bodies))
    yield
    await asyncio.gather(*(scene.delete_slice(OLD, body["metadata"]["name"]) for body in bodies))


async def _renewed_the_lease_since(scene: Scene, mark: Mark) -> None:
    """The controller was alive and had time: what it would have asked for besides is in the logs by now."""
    audit = scene.world.audit(HUB)
    first = await eventually(lambda: audit.since(mark), _lease_updates)
    await eventually(lambda: audit.since(mark), lambda found: _lease_updates(found) >= _lease_updates(first) + 2)


def _lease_updates(requests: list[Request]) -> int:
    return sum(request.short == "update leases" for request in requests)


def _costs(requests: list[Request]) -> list[str]:
    return [request.short for request in requests if request.object_ref.resource != "leases"]


def _about(scene: Scene, request: Request) -> bool:
    return (request.object_ref.namespace, request.object_ref.name) == (scene.namespace, scene.name)
