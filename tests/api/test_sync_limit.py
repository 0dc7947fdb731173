"""How much of the new cluster the others get, while a Service moves there: by ServiceMigrations on the hub."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator

import pytest

from landbridge.api.meta import ObjectMeta
from landbridge.api.migration import SERVICE_MIGRATIONS
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.kube.errors import ApiError
from tests.api.scene import NAME, Body, Scene
from tests.api.waiting import eventually
from tests.api.world import HUB, NEW, OLD

PODS = 10


@pytest.fixture
async def moving(scene: Scene) -> AsyncGenerator[Scene]:
    """The Service moves from oldcluster to newcluster, has pods in both, and is called from oldcluster and the hub."""
    await scene.make_service(OLD, NEW, HUB)
    await scene.put_slice(OLD, scene.pod(OLD, 1))
    await scene.put_slice(NEW, *scene.pods(NEW, PODS))
    await offer(scene, 0, new=True)
    await scene.make_mcs([OLD, NEW], [OLD, NEW, HUB])
    yield scene
    await scene.world.hub.delete(SERVICE_MIGRATIONS, ObjectMeta(NAME, scene.namespace))


async def offer(scene: Scene, offered: int | None, *, new: bool = False) -> None:
    """Say how many pods of newcluster the others may have."""
    spec: Body = {"from": OLD, "to": NEW, "offered": offered}
    if new:
        await scene.create(HUB, SERVICE_MIGRATIONS, {"metadata": {"name": NAME}, "spec": spec})
    else:
        await scene.patch(HUB, SERVICE_MIGRATIONS, NAME, {"spec": spec})


async def seen(scene: Scene, cluster: str) -> set[str]:
    """The pods of newcluster that callers in another cluster reach."""
    return set(await scene.imported(cluster)) & set(scene.pods(NEW, PODS))


async def gets(scene: Scene, cluster: str, count: int) -> set[str]:
    """Wait until there are so many."""
    return await eventually(lambda: seen(scene, cluster), lambda found: len(found) == count)


async def test_a_share_grows_and_shrinks_by_one_word_and_is_the_same_everywhere_s1(moving: Scene) -> None:
    await moving.arrives(NEW, moving.pod(OLD, 1))
    await moving.arrives(HUB, moving.pod(OLD, 1))
    assert await seen(moving, OLD) == set()
    steps = []
    for count in (1, 4, PODS):
        await offer(moving, count)
        steps.append(await gets(moving, OLD, count))
        assert await gets(moving, HUB, count) == steps[-1]
    assert steps[0] < steps[1] < steps[2]
    await moving.shows(NEW, "Synced")
    await offer(moving, 1)
    assert await gets(moving, OLD, 1) == steps[0]
    told = f"1 of {PODS}, about 50% of new connections in {OLD}, 50% of new connections in {HUB}"
    await moving.shows(NEW, "Synced", offered=told)
    await offer(moving, None)
    await gets(moving, OLD, PODS)


async def test_pods_that_come_and_go_change_as_little_as_can_be_s1(moving: Scene) -> None:
    await offer(moving, 4)
    before = await gets(moving, OLD, 4)
    gone = next(iter(before))
    pods = moving.pods(NEW, PODS)
    await moving.put_slice(NEW, *(pod for pod in pods if pod != gone))
    await eventually(lambda: seen(moving, OLD), lambda found: len(found) == 4 and gone not in found)
    assert len(before & await seen(moving, OLD)) == 3
    await moving.put_slice(NEW, *pods)
    await eventually(lambda: seen(moving, OLD), lambda found: found == before)


async def test_a_restart_publishes_nothing_that_was_held_back_s12(moving: Scene) -> None:
    await moving.arrives(HUB, moving.pod(OLD, 1))
    before = await moving.imports(OLD)
    await moving.world.controller.end(signal.SIGKILL)
    await moving.world.controller.start()
    await moving.put_slice(OLD, *moving.pods(OLD, 2))
    await moving.arrives(HUB, *moving.pods(OLD, 2))
    assert await moving.imports(OLD) == before


async def test_a_move_that_ends_holds_nothing_back_s1(moving: Scene) -> None:
    await moving.arrives(HUB, moving.pod(OLD, 1))
    await moving.world.hub.delete(SERVICE_MIGRATIONS, ObjectMeta(NAME, moving.namespace))
    await gets(moving, OLD, PODS)
    assert all("landbridge.dev/limited-by" not in s["metadata"]["annotations"] for s in await moving.imports(OLD))
    await offer(moving, 0, new=True)
    await gets(moving, OLD, 0)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"from": OLD, "to": OLD}, "a Service moves to another cluster"),
        ({"from": OLD}, "spec.to: Required value"),
        ({"from": OLD, "to": NEW, "offered": -1}, "should be greater than or equal to 0"),
    ],
)
async def test_a_move_that_makes_no_sense_is_refused(scene: Scene, spec: Body, words: str) -> None:
    with pytest.raises(ApiError, match=words):
        await scene.create(HUB, SERVICE_MIGRATIONS, {"metadata": {"name": NAME}, "spec": spec})
    assert await scene.read(HUB, MULTI_CLUSTER_SERVICES) is None
