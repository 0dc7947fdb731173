"""What can be done to etcd, as far as none is needed."""

import asyncio
import sys
from pathlib import Path

import pytest
from landbridge_lab import Lab, RefusedError
from landbridge_lab.control_plane.etcd import compact
from landbridge_lab.errors import LabError
from landbridge_lab.paths import ClusterDir, lab_dir
from landbridge_lab.processes import Processes
from landbridge_lab.record import Record, write_record
from landbridge_lab.spec import ClusterSpec, LabSpec


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab whose record says that it is up, and of which nothing runs."""
    monkeypatch.setenv("LANDBRIDGE_LAB_STATE", str(tmp_path))
    (tmp_path / "lab").mkdir()
    write_record(lab_dir("lab"), Record(LabSpec("lab", (ClusterSpec("one"),), True), 1, complete=True))
    return Lab.load("lab")


async def test_without_a_snapshot_nothing_is_restored_and_nothing_ended(lab: Lab) -> None:
    with pytest.raises(RefusedError, match="no snapshot"):
        await lab.restore("one")


async def test_a_cluster_that_there_is_not_is_refused(lab: Lab) -> None:
    for what in (lab.snapshot, lab.restore, lab.compact, lab.restart):
        with pytest.raises(RefusedError, match="no cluster two"):
            await what("two")


async def test_an_etcd_that_does_not_run_gives_no_snapshot(lab: Lab) -> None:
    with pytest.raises(LabError, match="one/etcd does not run"):
        await lab.snapshot("one")


def test_an_etcd_that_does_not_run_is_not_compacted(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="does not answer"):
        compact(ClusterDir(tmp_path))


async def test_a_stopped_part_stands_still_and_goes_on_after(tmp_path: Path) -> None:
    processes, log = Processes(tmp_path), tmp_path / "log"
    pid = await processes.start("x/part", [sys.executable, "-c", "import time; time.sleep(60)"], log)

    def state() -> str:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    async def becomes(wanted: str) -> None:
        async with asyncio.timeout(5):
            while state() not in wanted:
                await asyncio.sleep(0.01)

    try:
        with processes.stopped("x/part"):
            await becomes("T")
        await becomes("SR")
        assert processes.end_parts("x/other") == 0
        assert processes.end_parts("x/part") == 1
    finally:
        processes.end_all()
