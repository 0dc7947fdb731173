"""What is known of a process that is just beginning or ending."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from landbridge_lab.network.forwarding import port_is_free
from landbridge_lab.proc import await_ends, environment
from landbridge_lab.processes import Processes
from landbridge_lab.waiting import until

_LARGE = """
import socket, sys, threading, time
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
memory = bytearray(b"x") * 50_000_000
for _ in range(8):
    threading.Thread(target=time.sleep, args=(60,)).start()
open(sys.argv[2], "w").close()
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path / "lab")
    yield processes
    processes.end_all()


async def large(processes: Processes, port: int, folder: Path) -> int:
    """Start a process that takes a moment to end: it has memory and threads to give back, and listens."""
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    pid = await processes.start("x", [sys.executable, "-c", _LARGE, str(port), ready], folder / "log")

    async def is_ready() -> bool:
        return ready.exists()

    await until("large process", is_ready)
    return pid


async def test_what_was_ended_holds_no_port_any_more(processes: Processes, tmp_path: Path) -> None:
    port = free_port()
    for _ in range(5):
        await large(processes, port, tmp_path)
        assert processes.end_parts("x") == 1
        assert port_is_free(port)


async def test_a_part_that_someone_killed_runs_until_it_holds_no_port_any_more(
    processes: Processes, tmp_path: Path
) -> None:
    port = free_port()
    for _ in range(5):
        os.kill(await large(processes, port, tmp_path), 9)
        while processes.running():
            pass
        assert port_is_free(port)


async def test_a_part_runs_as_soon_as_it_was_started(processes: Processes, tmp_path: Path) -> None:
    for _ in range(20):
        pid = await processes.start("x", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log")
        assert processes.running() == {"x": pid}
        processes.end_all()


def test_what_never_has_an_environment_is_not_waited_for() -> None:
    with subprocess.Popen(["/bin/sleep", "60"], env={}) as bare:
        try:
            before = monotonic()
            assert environment(bare.pid) == [b""]
            assert monotonic() - before < 0.5
        finally:
            bare.kill()


def test_a_process_that_does_not_end_is_told() -> None:
    handle = os.pidfd_open(os.getpid())
    try:
        assert await_ends([handle], monotonic() + 0.05) == {handle}
    finally:
        os.close(handle)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
