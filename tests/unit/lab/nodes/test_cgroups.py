"""Cgroups of nodes, on fake trees of both versions: the machine that runs the tests has one of them at most."""

from pathlib import Path

import pytest
from landbridge_lab.errors import LabError
from landbridge_lab.nodes.cgroups import Cgroups

LAB = Path("/somewhere/lab")


@pytest.fixture
def v1(tmp_path: Path) -> Cgroups:
    for hierarchy in ("cpu", "cpuset", "memory", "unified"):
        (tmp_path / hierarchy).mkdir()
    (tmp_path / "cpuset/cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset/cpuset.mems").write_text("0\n")
    (tmp_path / "unified/cgroup.controllers").write_text("")
    return Cgroups(LAB, tmp_path)


@pytest.fixture
def v2(tmp_path: Path) -> Cgroups:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu memory pids\n")
    cgroups = Cgroups(LAB, tmp_path)
    for folder in (tmp_path / cgroups.name, tmp_path / cgroups.name / "node-1"):
        folder.mkdir()  # the kernel would fill these in
        (folder / "cgroup.controllers").write_text("cpuset cpu memory pids\n")
    return cgroups


def test_version_1_makes_a_folder_in_every_hierarchy_but_the_unified_one(v1: Cgroups) -> None:
    v1.make("node-1")

    made = {path.parent.parent.name for path in v1.root.glob(f"*/{v1.name}/node-1")}
    assert made == {"cpu", "cpuset", "memory"}


def test_version_1_passes_processors_and_memory_down(v1: Cgroups) -> None:
    v1.make("node-1")

    for folder in (v1.root / "cpuset" / v1.name, v1.root / "cpuset" / v1.name / "node-1"):
        assert (folder / "cpuset.cpus").read_text() == "0-1\n"
        assert (folder / "cpuset.mems").read_text() == "0\n"


def test_version_2_passes_every_controller_down(v2: Cgroups) -> None:
    v2.make("node-1")

    for folder in (v2.root, v2.root / v2.name, v2.root / v2.name / "node-1"):
        assert (folder / "cgroup.subtree_control").read_text() == "+cpuset +cpu +memory +pids"


def test_making_twice_is_fine(v1: Cgroups) -> None:
    v1.make("node-1")
    v1.make("node-1")


def test_removing_takes_everything_below_and_leaves_others(tmp_path: Path) -> None:
    cgroups = Cgroups(LAB, tmp_path)
    decoy = f"{cgroups.name}-2"
    for hierarchy in ("cpu", "unified"):
        (tmp_path / hierarchy / cgroups.name / "node-1/kubepods/pod1").mkdir(parents=True)
        (tmp_path / hierarchy / decoy).mkdir()

    cgroups.remove()

    assert sorted(path.name for path in tmp_path.glob("*/*")) == [decoy, decoy]


def test_removing_what_is_not_there_is_fine(v1: Cgroups) -> None:
    v1.remove()


def test_a_cgroup_that_stays_busy_is_named(tmp_path: Path) -> None:
    cgroups = Cgroups(LAB, tmp_path)
    busy = tmp_path / "cpu" / cgroups.name
    busy.mkdir(parents=True)
    (busy / "a-process").touch()  # rmdir fails, as for a cgroup with a process in it

    with pytest.raises(LabError, match=str(busy)):
        cgroups.remove(deadline=0.05)


def test_labs_of_the_same_name_in_other_folders_have_other_cgroups() -> None:
    assert Cgroups(Path("/one/lab")).name != Cgroups(Path("/two/lab")).name
    assert Cgroups(LAB).node("node-1") == f"/{Cgroups(LAB).name}/node-1"
