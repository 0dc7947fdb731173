"""Real processes: started as nobody's children, found by their mark, ended; strangers are left alone."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from landbridge_lab.errors import LabError
from landbridge_lab.proc import alive
from landbridge_lab.processes import MARK, PART, Processes, last_lines
from landbridge_lab.waiting import until


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path / "lab")
    yield processes
    processes.end_all()


async def test_a_part_outlives_its_starter_and_is_found_again(processes: Processes, tmp_path: Path) -> None:
    pid = await processes.start("fleet/etcd", ["sleep", "60"], tmp_path / "log/etcd.log")

    assert Processes(processes.root).running() == {"fleet/etcd": pid}
    assert os.getsid(pid) == pid
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")


async def test_a_part_is_started_under_any_event_loop(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leaking(*_: object, **__: object) -> None:
        raise AssertionError("uvloop would leave our descriptors to a part, and wait for it to close them")

    monkeypatch.setattr(asyncio.get_running_loop(), "subprocess_exec", leaking)
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        pid = await processes.start("x", ["sleep", "60"], tmp_path / "log")

    assert processes.running() == {"x": pid}
    assert sorted(link.name for link in Path(f"/proc/{pid}/fd").iterdir()) == ["0", "1", "2"]


async def test_what_it_says_is_in_its_log(processes: Processes, tmp_path: Path) -> None:
    log = tmp_path / "log"
    pid = await processes.start("x", ["sh", "-c", "echo one; echo two >&2"], log)
    await ended(pid)

    assert last_lines(log) == "one\ntwo"
    assert last_lines(log, count=1) == "two"
    assert last_lines(tmp_path / "no-log") == ""


async def test_the_callers_environment_is_not_passed_on(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    pid = await processes.start("x", ["env"], tmp_path / "log")
    await ended(pid)

    said = (tmp_path / "log").read_text()
    assert f"{MARK}={processes.root}" in said
    assert "proxy.example" not in said


async def test_ending_ends_children_too(processes: Processes, tmp_path: Path) -> None:
    await processes.start("x", ["sh", "-c", "sleep 60 & sleep 60"], tmp_path / "log")
    await until("three processes", lambda: count(processes, 3))

    assert processes.end_all() >= 3
    assert processes.all() == []
    assert processes.end_all() == 0


async def test_a_part_whose_leader_was_killed_is_not_running_and_its_rest_is_a_stray(
    processes: Processes, tmp_path: Path
) -> None:
    kept = await processes.start("kept", ["sleep", "60"], tmp_path / "kept.log")
    leader = await processes.start("x", ["sh", "-c", "sleep 60 & sleep 60"], tmp_path / "log")
    await until("four processes", lambda: count(processes, 4))
    os.kill(leader, 9)
    await ended(leader)

    assert processes.running() == {"kept": kept}
    assert processes.end_strays() == 2
    assert [process.pid for process in processes.all()] == [kept]


@pytest.mark.parametrize(
    "decoy",
    [
        {MARK: "{root}-2"},
        {MARK: "{root}/sub"},
        {PART: "fleet/etcd"},
        {"OTHER": "{root}"},
        {f"X{MARK}": "{root}"},
    ],
)
async def test_strangers_of_similar_marks_are_left_alone(
    processes: Processes, tmp_path: Path, decoy: dict[str, str]
) -> None:
    env = {name: value.format(root=processes.root) for name, value in decoy.items()}
    stranger = await asyncio.create_subprocess_exec("sleep", "60", env=env | {"PATH": os.environ["PATH"]})
    await processes.start("x", ["sleep", "60"], tmp_path / "log")

    processes.end_all()

    assert alive(stranger.pid)
    stranger.kill()
    await stranger.wait()


async def test_a_program_that_is_not_there_is_not_a_part(processes: Processes, tmp_path: Path) -> None:
    pid = await processes.start("x", ["/no/such/program"], tmp_path / "log")
    await ended(pid)

    assert "x" not in processes.running()
    assert "not found" in last_lines(tmp_path / "log")


async def test_a_starter_that_fails_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises((LabError, OSError)):
        await Processes(tmp_path).start("x", ["sleep", "60"], file / "log")


async def test_a_stranger_with_a_reused_process_id_is_not_alive_for_us() -> None:
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()

    assert not alive(process.pid)
    assert alive(os.getpid())


async def ended(pid: int) -> None:
    await until("end of the process", lambda: gone(pid))


async def gone(pid: int) -> bool:
    return not alive(pid)


async def count(processes: Processes, wanted: int) -> bool:
    return len(processes.all()) == wanted
