"""What is started anew when a part of a control plane has died, on programs that only sleep."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from landbridge_lab.control_plane.api import Api
from landbridge_lab.control_plane.components import ControlPlane
from landbridge_lab.control_plane.start import start_control_plane, write_files
from landbridge_lab.crew import Crew
from landbridge_lab.network.addresses import MAX_LABS, Addresses
from landbridge_lab.paths import ClusterDir
from landbridge_lab.proc import alive
from landbridge_lab.processes import Processes

PARTS = ("etcd", "forwarder", "kube-apiserver", "kube-controller-manager")
CONTROLLERS = {"kube-controller-manager"}


@pytest.fixture
def plane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    """A control plane whose API server is ready as soon as it runs."""

    async def ready(_: Api) -> bool:
        return True

    monkeypatch.setattr(Api, "ready", ready)
    for part in PARTS:
        (tmp_path / part).write_text("#!/bin/sh\nexec sleep 60\n")
        (tmp_path / part).chmod(0o755)
    plane = ControlPlane("one", Addresses(MAX_LABS - 1, 7), ClusterDir(tmp_path / "one"), tmp_path, inside=False)
    write_files(plane, nodes=0)
    return plane


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path)
    yield processes
    processes.end_all()


async def started_anew(plane: ControlPlane, processes: Processes, *dead: str) -> set[str]:
    """The parts that are other processes after some have died and the control plane was started again."""
    await start_control_plane(plane, Crew(processes), None)
    before = processes.running()
    assert sorted(before) == [f"one/{part}" for part in PARTS]
    processes.end_parts(*(f"one/{part}" for part in dead))
    await start_control_plane(plane, Crew(processes), None)
    after = processes.running()
    assert after.keys() == before.keys()
    return {part.removeprefix("one/") for part in after if after[part] != before[part]}


@pytest.mark.parametrize("dead", ["etcd", "kube-apiserver"])
async def test_controllers_start_anew_with_what_they_stand_on(
    plane: ControlPlane, processes: Processes, dead: str
) -> None:
    assert await started_anew(plane, processes, dead) == {dead} | CONTROLLERS


@pytest.mark.parametrize("dead", ["forwarder", "kube-controller-manager"])
async def test_what_nothing_stands_on_starts_anew_alone(plane: ControlPlane, processes: Processes, dead: str) -> None:
    assert await started_anew(plane, processes, dead) == {dead}


async def test_what_runs_is_left_alone(plane: ControlPlane, processes: Processes) -> None:
    assert await started_anew(plane, processes) == set()


async def test_strays_of_another_cluster_are_left_alone(processes: Processes, tmp_path: Path) -> None:
    for cluster in ("one", "two"):
        leader = await processes.start(
            f"{cluster}/x", ["sh", "-c", "sleep 60 & sleep 60 & exec true"], tmp_path / "log"
        )
        while alive(leader):  # as long as its shell has not come to `exec true`
            await asyncio.sleep(0.01)
    Crew(processes, "one/")

    assert {process.part for process in processes.all()} == {"two/x"}
