"""What is said of a lab that is not wholly there."""

import asyncio
import os
from pathlib import Path

import pytest
from landbridge_lab.network.addresses import MAX_LABS, Addresses
from landbridge_lab.network.forwarding import start_forwarder
from landbridge_lab.paths import LabDir
from landbridge_lab.processes import Processes
from landbridge_lab.record import Record, write_record
from landbridge_lab.spec import ClusterSpec, LabSpec
from landbridge_lab.status import State, look


@pytest.fixture
def lab(tmp_path: Path) -> LabDir:
    folder = LabDir(tmp_path / "lab")
    folder.root.mkdir()
    return folder


async def test_nothing_there_is_down(lab: LabDir) -> None:
    assert (await look(lab)).state == State.DOWN


async def test_processes_without_a_record_are_a_part_of_a_lab(lab: LabDir, tmp_path: Path) -> None:
    processes = Processes(lab.root)
    await processes.start("fleet/etcd", ["sleep", "60"], tmp_path / "log")
    try:
        assert (await look(lab)).state == State.PARTIAL
    finally:
        processes.end_all()


async def test_what_runs_and_what_is_missing_is_named(lab: LabDir, tmp_path: Path) -> None:
    write_record(lab, Record(LabSpec("lab", (ClusterSpec("fleet"),), control_plane_only=True), 3, complete=True))
    processes = Processes(lab.root)
    await processes.start("fleet/etcd", ["sleep", "60"], tmp_path / "log")
    try:
        seen = await look(lab)
    finally:
        processes.end_all()

    assert seen.state == State.PARTIAL
    assert seen.missing == ["fleet/forwarder", "fleet/kube-apiserver", "fleet/kube-controller-manager"]
    cluster = seen.clusters[0]
    assert (cluster.running, cluster.api, cluster.pods) == (["etcd"], "unreachable", "")
    assert cluster.server == f"https://127.0.0.1:{Addresses(3, 0).forwarded_port}"


async def test_a_forwarder_that_dies_while_it_is_looked_at_is_unreachable(lab: LabDir, tmp_path: Path) -> None:
    addresses = Addresses(MAX_LABS - 2, 0)
    write_record(lab, Record(LabSpec("lab", (ClusterSpec("fleet"),), True), addresses.index, complete=True))
    control = lab.cluster("fleet").forwarder
    control.parent.mkdir()
    processes, seen = Processes(lab.root), set()
    try:
        for _ in range(3):
            port, target = addresses.forwarded_port, ("127.0.0.1", addresses.direct_port)
            pid = await start_forwarder(processes, "fleet/forwarder", port, target, control, tmp_path / "log", None)
            while (mode := (await look(lab)).clusters[0].api) != "open":  # it has just begun
                seen.add(mode)
            looks = [asyncio.create_task(look(lab)) for _ in range(5)]
            await asyncio.sleep(0)
            os.kill(pid, 9)
            seen |= {(await looking).clusters[0].api for looking in looks}
            processes.end_all()
    finally:
        processes.end_all()

    assert seen <= {"open", "unreachable"}
    assert "unreachable" in seen
