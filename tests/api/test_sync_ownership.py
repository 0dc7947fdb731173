"""Imports are ours alone: what others do to them is undone."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from landbridge.api.discovery import SLICES
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import FLEET, MANAGED_BY, SERVICE_NAME, SOURCE_CLUSTER
from landbridge.mcs.repairs import BURST
from tests.api.audit import Mark, Request
from tests.api.controller_process import ControllerProcess
from tests.api.scene import Body, Scene, addresses
from tests.api.waiting import eventually
from tests.api.world import NEW, OLD

CONTEST_SECONDS = float(os.environ.get("CONTEST_SECONDS", "3"))
"""How long somebody else edits an import; longer by hand."""

TAMPERED: dict[str, Any] = {
    "an endpoint that is not there": {"endpoints": [{"addresses": ["10.9.9.9"]}]},
    "no endpoints": {"endpoints": []},
    "another port": {"ports": [{"name": "http", "port": 9999}]},
    "another source": {"metadata": {"labels": {SOURCE_CLUSTER: "elsewhere"}}},
    "no fleet": {"metadata": {"labels": {FLEET: None}}},
    "another manager": {"metadata": {"labels": {MANAGED_BY: "someone"}}},
    "another Service": {"metadata": {"labels": {SERVICE_NAME: "other"}}},
    "no label of ours at all": {
        "metadata": {
            "labels": {FLEET: None, MANAGED_BY: None, SERVICE_NAME: None, SOURCE_CLUSTER: None, "team": "shop"}
        }
    },
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_a_tampered_import_is_restored(scene: Scene, how: str) -> None:
    before = await _imported(scene)
    await scene.patch(NEW, SLICES, before["metadata"]["name"], TAMPERED[how])
    await eventually(lambda: _content(scene), lambda found: found == [_without_version(before)])


async def test_a_label_that_somebody_adds_is_not_worth_a_write(scene: Scene) -> None:
    """A webhook would add it again; the next change of an endpoint shows that nothing else was written."""
    before = await _imported(scene)
    mark = scene.world.audit(NEW).mark()
    await scene.patch(NEW, SLICES, before["metadata"]["name"], {"metadata": {"labels": {"team": "shop"}}})
    await scene.put_slice(OLD, scene.pod(OLD, 2))
    await scene.arrives(NEW, scene.pod(OLD, 2))
    assert len(await eventually(lambda: _updates(scene, mark), bool)) == 1


async def _updates(scene: Scene, mark: Mark) -> list[Request]:
    """Those that were not refused: the label made a new version, and a PUT on the old one may have been tried."""
    seen = await scene.world.audit(NEW).since(mark)
    return [request for request in seen if request.verb == "update" and request.response_status.code == 200]


async def test_a_deleted_import_is_made_again(scene: Scene) -> None:
    before = await _imported(scene)
    await scene.world.admins[NEW].delete(SLICES, ObjectMeta(before["metadata"]["name"], scene.namespace))
    again = await scene.only_import(NEW, scene.pod(OLD, 1))
    assert again["metadata"]["name"] == before["metadata"]["name"]
    assert again["metadata"]["uid"] != before["metadata"]["uid"]


async def test_an_import_without_its_label_is_found_by_its_name_after_a_restart_s3(
    scene: Scene, controller: ControllerProcess
) -> None:
    """Fault B2: a create was answered 409 for ever, dead endpoints stayed, and the import outlived its Service."""
    before = await _imported(scene)
    two = scene.pod(OLD, 2)
    await controller.end(signal.SIGKILL)
    await scene.patch(NEW, SLICES, before["metadata"]["name"], {"metadata": {"labels": {FLEET: None}}})
    await scene.put_slice(OLD, two)
    mark = scene.world.audit(NEW).mark()
    await controller.start()
    after = await scene.only_import(NEW, two)
    assert (after["metadata"]["labels"], after["metadata"]["uid"]) == (
        before["metadata"]["labels"],
        before["metadata"]["uid"],
    )
    await scene.shows(NEW, "Synced", importedReady=1)
    assert [r.short for r in await scene.world.audit(NEW).since(mark) if r.writes] == ["update endpointslices"]


async def test_who_is_undone_again_and_again_backs_off_and_says_so_s12(scene: Scene) -> None:
    """Fault D6: another controller that wants an import otherwise was undone a hundred times a second."""
    name = (await _imported(scene))["metadata"]["name"]
    mark = scene.world.audit(NEW).mark()
    rival = asyncio.create_task(_empty_again_and_again(scene, name))
    try:
        await asyncio.sleep(CONTEST_SECONDS)
        row = await scene.shows(NEW, "Pending")
        assert f"somebody else changes import {name} again and again" in row["message"]
        assert (await scene.condition("Ready"))["status"] == "False"
        writes = [request for request in await scene.world.audit(NEW).since(mark) if request.writes]
        print(f"{len(writes)} writes in {CONTEST_SECONDS:g} s")
        assert BURST / 2 <= len(writes) <= 2 * BURST, "a budget, and then less and less"
    finally:
        rival.cancel()
        await asyncio.gather(rival, return_exceptions=True)
    await scene.only_import(NEW, scene.pod(OLD, 1))
    await scene.shows(NEW, "Synced", message="", importedReady=1)


async def _empty_again_and_again(scene: Scene, name: str) -> None:
    """A controller that follows by watch would be no faster."""
    while True:
        if await scene.imported(NEW):
            await scene.patch(NEW, SLICES, name, {"endpoints": []})
        await asyncio.sleep(0.005)


async def _imported(scene: Scene) -> Body:
    await scene.make_service(OLD, NEW)
    pod = scene.pod(OLD, 1)
    await scene.put_slice(OLD, pod)
    await scene.make_mcs([OLD], [NEW])
    return await scene.only_import(NEW, pod)


async def _content(scene: Scene) -> list[Body]:
    return [_without_version(found) for found in await scene.imports(NEW)]


def _without_version(slice_: Body) -> Body:
    ignored = ("resourceVersion", "generation", "managedFields")
    meta = {key: value for key, value in slice_["metadata"].items() if key not in ignored}
    return {**slice_, "metadata": meta, "endpoints": addresses([slice_])}
