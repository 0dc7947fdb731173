"""The lab as a library, as far as no cluster is needed: what is refused, and how a start that fails is told."""

import asyncio
from pathlib import Path

import pytest
from landbridge_lab import ClusterSpec, Lab, LabError, NotUpError, RefusedError
from landbridge_lab.binaries.tools import CONTROL_PLANE
from landbridge_lab.errors import first_of
from landbridge_lab.locks import locked
from landbridge_lab.paths import lab_dir
from landbridge_lab.processes import Processes
from landbridge_lab.record import Record, write_record
from landbridge_lab.spec import LabSpec


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the state, with a short path: sockets have to fit in."""
    home = tmp_path_factory.mktemp("lab")
    monkeypatch.setenv("LANDBRIDGE_LAB_STATE", str(home))
    return home


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder of binaries of which none can run for long."""
    for name in CONTROL_PLANE:
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} has a bad day\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


async def test_a_start_that_fails_tells_which_part_failed_and_what_it_said(broken: Path) -> None:
    lab = Lab("lab", [ClusterSpec("one"), ClusterSpec("two")], control_plane_only=True, bin_dir=broken)

    with pytest.raises(LabError, match=r"(one|two)/kube-apiserver ended .*kube-apiserver has a bad day"):
        await lab.up()

    await lab.down()


async def test_a_start_that_fails_leaves_nothing_of_a_lab_that_was_to_be_entered(broken: Path) -> None:
    with pytest.raises(LabError, match="bad day"):
        async with Lab("lab", [ClusterSpec("one")], control_plane_only=True, bin_dir=broken):
            pass

    assert Processes(lab_dir("lab").root).all() == []
    assert not lab_dir("lab").root.exists()


async def test_a_lab_that_is_not_up_cannot_be_used() -> None:
    with pytest.raises(NotUpError, match="landbridge-lab up --lab lab"):
        Lab.load("lab")
    with pytest.raises(NotUpError):
        _ = Lab("lab").clusters


async def test_an_interrupted_lab_cannot_be_loaded(home: Path) -> None:
    (home / "lab").mkdir()
    write_record(lab_dir("lab"), Record(LabSpec("lab", (ClusterSpec("one"),), True), 0, complete=False))

    with pytest.raises(NotUpError):
        Lab.load("lab")


async def test_a_lab_that_is_up_is_loaded_with_its_clusters_addresses(home: Path) -> None:
    (home / "lab").mkdir()
    spec = LabSpec("lab", (ClusterSpec("one"), ClusterSpec("two")), control_plane_only=True)
    write_record(lab_dir("lab"), Record(spec, 1, complete=True))

    lab = Lab.load("lab")

    assert lab.kubeconfig == home / "lab/kubeconfig"
    two = lab.clusters["two"]
    assert (two.server, two.direct_server) == ("https://127.0.0.1:16418", "https://127.0.0.1:16419")
    assert (two.pod_cidr, two.service_cidr) == ("10.97.16.0/20", "10.161.16.0/20")
    assert two.audit_log == home / "lab/two/audit.log"


async def test_a_cluster_in_namespaces_has_no_direct_address(home: Path) -> None:
    (home / "lab").mkdir()
    write_record(lab_dir("lab"), Record(LabSpec("lab", (ClusterSpec("one"),)), 1, complete=True))

    with pytest.raises(RefusedError, match="control-plane-only"):
        _ = Lab.load("lab").clusters["one"].direct_server


async def test_a_cut_that_is_refused_cuts_nothing(home: Path) -> None:
    (home / "lab").mkdir()
    write_record(lab_dir("lab"), Record(LabSpec("lab", (ClusterSpec("one"),), True), 1, complete=True))
    one = Lab.load("lab").clusters["one"]  # its forwarder does not run: cutting its API would be another error

    with pytest.raises(RefusedError, match="has no pods"):
        await one.cut(api=True, pods=True)
    for mode, delay in (("freeze", None), (None, 0.5), ("delay", 0.5)):
        with pytest.raises(RefusedError, match="for the API alone"):
            await one.cut(pods=True, mode=mode, delay=delay)


async def test_its_own_binaries_may_be_named_by_the_environment(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDBRIDGE_LAB_BIN_DIR", str(broken))

    assert (await Lab(control_plane_only=True).prepare()).binaries == broken


async def test_what_changes_a_cluster_waits_while_another_holds_the_lab(home: Path, broken: Path) -> None:
    (home / "lab").mkdir()
    write_record(lab_dir("lab"), Record(LabSpec("lab", (ClusterSpec("one"),), True), 1, complete=True))
    lab, processes = Lab.load("lab", broken), Processes(home / "lab")
    lab.clusters["one"].control_plane.files.snapshot.mkdir(parents=True)
    etcd = await processes.start("one/etcd", ["sleep", "60"], home / "log")
    with locked(home / "lab"):
        changes = [asyncio.create_task(change) for change in (lab.restart("one", "etcd"), lab.restore("one"))]
        changes.append(asyncio.create_task(lab.snapshot("one")))
        done, _ = await asyncio.wait(changes, timeout=0.3)
        assert not done
        assert processes.running() == {"one/etcd": etcd}
        for change in changes:
            change.cancel()
        await asyncio.wait(changes)

    await lab.down()


def test_of_many_errors_the_first_of_ours_is_told() -> None:
    ours = LabError("ours")

    assert first_of(ExceptionGroup("", [ValueError(), ExceptionGroup("", [ours, LabError("later")])])) is ours
    other = ValueError()
    assert first_of(ExceptionGroup("", [ExceptionGroup("", [other])])) is other
