"""An etcd that was put back to an older revision, or forgot its history: noticed, and made right (S7).

An API server whose etcd went back accepts a watch from a revision that it has not reached, and is silent.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import HUB, NEW, OLD, World

WATCH_PROOF = 5.0
NOTICED = WATCH_PROOF + 5.0
"""Seconds from the return of an API server within which everything is right; some are for reconnecting."""


@pytest.fixture(scope="module", autouse=True)
async def impatient(world: World) -> AsyncGenerator[None]:
    """Watches are believed for seconds, where the default is a minute and a half."""
    async with world.controller.with_options("--lease-seconds", "1", "--watch-proof", f"{WATCH_PROOF:g}", "--verbose"):
        yield


async def test_a_provider_that_went_back_in_time_is_read_again_s7(scene: Scene) -> None:
    """Fault A2: consumers kept addresses that the provider no longer had, and the status said Synced.

    So many changes are lost that the server is far from the revision from which it is watched.
    """
    await scene.make_service(OLD, NEW)
    one, two, three, four = scene.pods(OLD, 4)
    await scene.put_slice(OLD, one)
    await scene.make_mcs([OLD], [NEW])
    await scene.shows(NEW, "Synced", importedReady=1)
    await scene.world.lab.snapshot(OLD)
    for pod in scene.pods(OLD, 100):
        await scene.put_slice(OLD, pod)
    await scene.put_slice(OLD, two)
    await scene.put_slice(OLD, three, name="web-second")
    await scene.arrives(NEW, two, three)
    await scene.world.lab.restore(OLD)
    await scene.arrives(NEW, one, deadline=NOTICED)
    await _all_is_well(scene, ready=1)
    await scene.put_slice(OLD, one, four)
    await scene.arrives(NEW, one, four, deadline=1)


async def test_a_consumer_that_went_back_in_time_is_brought_up_to_date_s7(scene: Scene) -> None:
    """Fault A2: in its past there are an import that was changed since, and one of a slice that is gone."""
    await scene.make_service(OLD, NEW)
    one, two, three, four = scene.pods(OLD, 4)
    await scene.put_slice(OLD, one)
    await scene.put_slice(OLD, two, name="web-second")
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, one, two)
    await scene.world.lab.snapshot(NEW)
    await scene.put_slice(OLD, three)
    await scene.delete_slice(OLD, "web-second")
    await scene.arrives(NEW, three)
    await scene.world.lab.restore(NEW)
    await scene.arrives(NEW, three, deadline=NOTICED)
    await _all_is_well(scene, ready=1)
    await scene.put_slice(OLD, three, four)
    await scene.arrives(NEW, three, four, deadline=1)


async def test_a_hub_that_went_back_in_time_is_heard_again_s7(scene: Scene) -> None:
    """Fault A2: a new MultiClusterService got no status, and a deleted one hung, until a restart."""
    world = scene.world
    forgotten, new = (Scene(world, scene.namespace, name) for name in ("forgotten", "new"))
    pod = scene.pod(OLD, 1)
    await scene.make_service(OLD, NEW)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    await scene.shows(NEW, "Synced", importedReady=1)
    await world.lab.snapshot(HUB)
    await forgotten.make_mcs([OLD], [NEW])
    await forgotten.shows(NEW, "NoService")
    await world.lab.restore(HUB)
    await new.make_mcs([OLD], [NEW])
    await new.shows(NEW, "NoService", deadline=NOTICED)
    await eventually(lambda: world.controller.get("/readyz"), lambda answer: answer[0] == 200)
    assert not await forgotten.mcs()
    assert await scene.imported(NEW) == [pod]
    for one in (scene, new):
        await one.delete_mcs()
        await one.mcs_gone()
    await scene.holds(NEW, 0)


async def test_what_happened_before_a_compaction_is_listed_s7(scene: Scene) -> None:
    """410 Gone: etcd forgot what happened while the controller was cut off, and the server's cache is new."""
    world = scene.world
    await scene.make_service(OLD, NEW)
    one, two, three = scene.pods(OLD, 3)
    await scene.put_slice(OLD, one)
    await scene.put_slice(OLD, two, name="web-second")
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, one, two)
    await scene.shows(NEW, "Synced")
    await world.cluster(OLD).cut(api=True)
    await scene.shows(OLD, "Stale")
    await scene.put_slice(OLD, three)
    await scene.delete_slice(OLD, "web-second")
    mark = world.audit(OLD).mark()
    await world.lab.compact(OLD)
    await world.lab.restart(OLD, "kube-apiserver")  # which heals the cut
    await scene.arrives(NEW, three)
    assert "list endpointslices" in {request.short for request in await world.audit(OLD).since(mark)}
    await _all_is_well(scene, ready=1)


async def _all_is_well(scene: Scene, *, ready: int) -> None:
    """The status says what is so, of provider and consumer."""
    await scene.shows(OLD, "Synced", ownReady=ready, message="")
    await scene.shows(NEW, "Synced", importedReady=ready, message="")
    await eventually(lambda: scene.condition("Ready"), lambda found: found.get("status") == "True")
