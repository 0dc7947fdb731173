"""The command line: its exit codes, and that every refusal says what, why and what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from landbridge_lab import ClusterSpec
from landbridge_lab.paths import LabDir
from landbridge_lab.record import Record, write_record
from landbridge_lab.spec import LabSpec

ONE, REFUSED, NOT_UP, LACKS = 1, 2, 3, 4


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short path: sockets have to fit in."""
    return tmp_path_factory.mktemp("cli")


@pytest.fixture
def run(home: Path) -> "Run":
    return Run(home)


class Run:
    """Runs `landbridge-lab` with folders of its own."""

    def __init__(self, home: Path) -> None:
        self._env = os.environ | {
            "LANDBRIDGE_LAB_STATE": str(home / "state"),
            "LANDBRIDGE_LAB_CACHE": str(home / "cache"),
            "COLUMNS": "200",
        }

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from landbridge_lab.cli import main; main()", *words]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["up", "--lab", "Not A Name"], REFUSED, "small letters"),
        (["up", "--cluster", "old=x"], REFUSED, "NAME=NODES"),
        (["up", "--cluster", "old=1", "--control-plane-only"], REFUSED, "no nodes"),
        (["up", "--bin-dir", "/nowhere", "--control-plane-only"], LACKS, "lacks etcd"),
        (["up", "--argocd", "--control-plane-only"], REFUSED, "no nodes to run it"),
        (["server", "old"], NOT_UP, "landbridge-lab up --lab lab"),
        (["repository"], NOT_UP, "landbridge-lab up --lab lab"),
        (["kubeconfig"], NOT_UP, "landbridge-lab up --lab lab"),
        (["cut", "old", "--api"], NOT_UP, "landbridge-lab up --lab lab"),
        (["cut", "old", "--api", "--mode", "explode"], REFUSED, "explode"),
        (["heal"], REFUSED, "CLUSTER"),
        (["explode"], REFUSED, "explode"),
    ],
)
def test_a_refusal_has_its_code_and_says_what_to_do(run: Run, words: list[str], code: int, said: str) -> None:
    done = run(*words)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_down_is_fine_when_nothing_is_up_and_leaves_nothing(run: Run, home: Path) -> None:
    done = run("down")

    assert done.returncode == 0
    assert "There was no lab lab." in done.stderr
    assert not list(home.glob("state/*"))


def test_status_of_nothing_is_down_for_people_and_programs(run: Run) -> None:
    assert run("status").stdout == "lab lab: down\n"

    done = run("status", "-o", "json")

    assert done.returncode == NOT_UP
    assert json.loads(done.stdout)["state"] == "down"


@pytest.mark.parametrize(
    "command", ["up", "down", "status", "kubeconfig", "build", "cut", "heal", "server", "repository"]
)
def test_every_command_has_help(run: Run, command: str) -> None:
    done = run(command, "--help")

    assert done.returncode == 0
    assert f"landbridge-lab {command}" in done.stdout


def test_a_lab_without_argocd_has_no_repository_and_one_without_pods_no_inside(home: Path, run: Run) -> None:
    (home / "state/lab").mkdir(parents=True)
    spec = LabSpec("lab", (ClusterSpec("mine"),), control_plane_only=True)
    write_record(LabDir(home / "state/lab"), Record(spec, 0, complete=True))

    for words, said in ((["repository"], "--argocd"), (["server", "mine"], "no pods")):
        done = run(*words)
        assert done.returncode == REFUSED
        assert said in done.stderr


def test_without_a_word_about_clusters_a_lab_that_is_up_stays_what_it_is(home: Path, run: Run) -> None:
    (home / "state/lab").mkdir(parents=True)
    spec = LabSpec("lab", (ClusterSpec("mine"),), control_plane_only=True)
    write_record(LabDir(home / "state/lab"), Record(spec, 0, complete=True))

    assert "take it down first" not in run("up", "--bin-dir", "/nowhere").stderr
    assert "lacks etcd, kube-apiserver, kube-controller-manager, kubectl:" in run("up", "--bin-dir", "/nowhere").stderr
