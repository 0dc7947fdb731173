"""The command line: its exit codes, and that every refusal says what, why and what to do."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from landbridge_lab import ClusterSpec
from landbridge_lab.cli import main
from landbridge_lab.paths import LabDir
from landbridge_lab.record import Record, write_record
from landbridge_lab.spec import LabSpec

ONE, REFUSED, NOT_UP, LACKS = 1, 2, 3, 4


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short path: sockets have to fit in."""
    return tmp_path_factory.mktemp("cli")


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `landbridge-lab` with folders of its own."""
    monkeypatch.setenv("LANDBRIDGE_LAB_STATE", str(home / "state"))
    monkeypatch.setenv("LANDBRIDGE_LAB_CACHE", str(home / "cache"))

    def run(*words: str) -> Done:
        with pytest.raises(SystemExit) as end:
            main(words)
        assert isinstance(end.value.code, int)
        return Done(end.value.code, *capsys.readouterr())

    return run


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

    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_down_is_fine_when_nothing_is_up_and_leaves_nothing(run: Run, home: Path) -> None:
    done = run("down")

    assert done.code == 0
    assert "There was no lab lab." in done.err
    assert not list(home.glob("state/*"))


def test_status_of_nothing_is_down_for_people_and_programs(run: Run) -> None:
    assert run("status").out == "lab lab: down\n"

    done = run("status", "-o", "json")

    assert done.code == NOT_UP
    assert json.loads(done.out)["state"] == "down"


@pytest.mark.parametrize(
    "command", ["up", "down", "status", "kubeconfig", "build", "cut", "heal", "server", "repository"]
)
def test_every_command_has_help(run: Run, command: str) -> None:
    done = run(command, "--help")

    assert done.code == 0
    assert f"landbridge-lab {command}" in done.out


def test_a_lab_without_argocd_has_no_repository_and_one_without_pods_no_inside(home: Path, run: Run) -> None:
    (home / "state/lab").mkdir(parents=True)
    spec = LabSpec("lab", (ClusterSpec("mine"),), control_plane_only=True)
    write_record(LabDir(home / "state/lab"), Record(spec, 0, complete=True))

    for words, said in ((["repository"], "--argocd"), (["server", "mine"], "no pods")):
        done = run(*words)
        assert done.code == REFUSED
        assert said in done.err


def test_without_a_word_about_clusters_a_lab_that_is_up_stays_what_it_is(home: Path, run: Run) -> None:
    (home / "state/lab").mkdir(parents=True)
    spec = LabSpec("lab", (ClusterSpec("mine"),), control_plane_only=True)
    write_record(LabDir(home / "state/lab"), Record(spec, 0, complete=True))

    assert "take it down first" not in run("up", "--bin-dir", "/nowhere").err
    assert "lacks etcd, kube-apiserver, kube-controller-manager, kubectl:" in run("up", "--bin-dir", "/nowhere").err
