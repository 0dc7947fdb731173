"""The order of things in the demo, and that nothing is left whatever happens; the lab is one that only keeps count."""

import asyncio
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from landbridge_lab import Lab, LabError
from landbridge_lab.paths import LabDir
from landbridge_lab.progress import Progress, Silent
from landbridge_lab.record import Record, write_record
from landbridge_lab.supplies import Supplies
from rich.console import Console

from demo.play import play
from demo.screen import Screen
from demo.stage import Stage


class CountingLab(Lab):
    """Does nothing but remember what was asked of it."""

    def __init__(self, binaries: Path, when_up: Callable[[], None] = lambda: None, argocd: bool = False) -> None:
        super().__init__("never-up", argocd=argocd)
        self.asked: list[str] = []
        self._binaries, self._when_up = binaries, when_up

    async def prepare(self, progress: Progress | None = None) -> Supplies:
        return Supplies(self._binaries)

    async def up(self, progress: Progress | None = None) -> None:
        self.asked.append("up")
        self._when_up()
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)

    async def down(self, progress: Progress | None = None) -> bool:
        self.asked.append("down")
        return True


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep away from the labs of the person who runs the tests."""
    monkeypatch.setattr("landbridge_lab.lab.lab_dir", lambda name: LabDir(tmp_path / "labs" / name))


@pytest.fixture
def shown() -> StringIO:
    return StringIO()


def stage(lab: Lab, tmp_path: Path, shown: StringIO) -> Stage:
    return Stage(lab, tmp_path / "state", Screen(Console(file=shown, width=200, highlight=False)))


def refuse() -> None:
    raise LabError("no lab", "this one refuses")


def interrupt() -> None:
    task = asyncio.current_task()
    assert task
    task.cancel()


async def test_what_an_earlier_demo_kept_is_ended_first(tmp_path: Path, shown: StringIO) -> None:
    lab = CountingLab(tmp_path, refuse)
    await play(stage(lab, tmp_path, shown))
    assert lab.asked == ["down", "up", "down"]


async def test_a_lab_that_does_not_come_up_is_said_and_taken_down(tmp_path: Path, shown: StringIO) -> None:
    assert not await play(stage(CountingLab(tmp_path, refuse), tmp_path, shown))
    assert "no lab: this one refuses" in shown.getvalue()
    assert "Something differed from what was expected." in shown.getvalue()


async def test_failed_join_is_said_and_taken_down(tmp_path: Path, shown: StringIO) -> None:
    landbridge = tmp_path / "landbridge"
    landbridge.write_text('#!/bin/sh\necho token >"$6"; echo the hub is too old; exit 3\n')
    landbridge.chmod(0o755)
    lab = CountingLab(tmp_path)
    assert not await play(stage(lab, tmp_path, shown))
    assert "ended with 3: the hub is too old" in shown.getvalue()
    assert lab.asked == ["down", "up", "down"]
    assert list((tmp_path / "state").iterdir()) == []


async def test_second_demo_at_once_is_refused_and_touches_nothing(tmp_path: Path, shown: StringIO) -> None:
    lab = CountingLab(tmp_path)
    with stage(lab, tmp_path, StringIO()).claimed():
        assert not await play(stage(lab, tmp_path, shown), keep=True)
    assert "no second demo at once: one is at work in lab never-up\nwait for its end" in shown.getvalue()
    assert lab.asked == []


async def test_lab_that_no_demo_made_is_left_alone(tmp_path: Path, shown: StringIO) -> None:
    lab = CountingLab(tmp_path)
    record(lab, complete=True)
    assert not await play(stage(lab, tmp_path, shown))
    assert "landbridge-lab down --lab never-up" in shown.getvalue()
    assert lab.asked == []


async def test_lab_that_this_demo_made_is_taken_down(tmp_path: Path, shown: StringIO) -> None:
    lab = CountingLab(tmp_path)
    await stage(lab, tmp_path, shown).up(Silent())
    record(lab, complete=True)
    await play(stage(lab, tmp_path, shown))
    assert lab.asked[:2] == ["up", "down"]


async def test_lab_whose_start_was_interrupted_is_taken_down(tmp_path: Path, shown: StringIO) -> None:
    lab = CountingLab(tmp_path)
    record(lab, complete=False)
    await play(stage(lab, tmp_path, shown))
    assert lab.asked == ["down", "up", "down"]


def record(lab: Lab, complete: bool) -> None:
    """Make the lab look up, or interrupted on its way."""
    lab.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    write_record(LabDir(lab.kubeconfig.parent), Record(lab.spec, 0, complete))


async def test_interrupted_demo_takes_the_lab_down(tmp_path: Path, shown: StringIO) -> None:
    lab = CountingLab(tmp_path, interrupt)
    playing = asyncio.create_task(play(stage(lab, tmp_path, shown)))
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert lab.asked == ["down", "up", "down"]


async def test_kept_lab_stays_up(tmp_path: Path, shown: StringIO) -> None:
    lab = CountingLab(tmp_path, refuse)
    await play(stage(lab, tmp_path, shown), keep=True)
    assert lab.asked == ["down", "up"]


async def test_a_person_is_told_how_to_look_around_in_what_is_kept(tmp_path: Path, shown: StringIO) -> None:
    lab = CountingLab(tmp_path)
    kept = stage(lab, tmp_path, shown)
    await kept.shell()
    kept.controller.kubeconfig.parent.mkdir()
    kept.controller.kubeconfig.touch()
    said = kept.how_to_look_around()
    assert f"export KUBECONFIG={lab.kubeconfig} PATH={tmp_path}:" in said
    assert re.search(r"rm \S+/controller.kubeconfig; \S+/landbridge-lab down --lab never-up$", said)


async def test_a_person_is_told_where_to_commit_and_how_to_ask_argocd(tmp_path: Path, shown: StringIO) -> None:
    kept = stage(CountingLab(tmp_path, argocd=True), tmp_path, shown)
    shell = await kept.shell()
    said = kept.how_to_look_around()
    assert f" GITOPS={tmp_path}/state/gitops-demo " in said
    assert f"; cd {shell.folder}\n" in said
    assert "argocd --core app list" in said
    assert set(shell.variables) == {"GITOPS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"}


async def test_nobody_is_told_to_look_around_in_what_never_came_up(tmp_path: Path, shown: StringIO) -> None:
    await play(stage(CountingLab(tmp_path, refuse), tmp_path, shown), keep=True)
    assert "Kept" not in shown.getvalue()


async def test_a_person_is_told_how_to_end_a_lab_that_came_half_up(tmp_path: Path, shown: StringIO) -> None:
    lab = CountingLab(tmp_path, refuse)
    lab.kubeconfig.parent.mkdir(parents=True)
    said = stage(lab, tmp_path, shown).how_to_look_around()
    assert "kubectl" not in said
    assert "landbridge-lab down --lab never-up" in said
