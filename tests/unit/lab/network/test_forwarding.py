"""Telling a forwarder what to do: what is a fault and what is not, and what is said when it cannot be told."""

import socket
from pathlib import Path

import pytest
from landbridge_lab.errors import LabError, MachineLacksError, RefusedError
from landbridge_lab.network.forwarding import command, mode_line, port_is_free, start_forwarder
from landbridge_lab.processes import Processes


@pytest.mark.parametrize(
    ("mode", "delay", "line"),
    [("cut", None, "cut"), ("freeze", None, "freeze"), ("delay", 0.25, "delay 0.25"), ("open", None, "open")],
)
def test_a_fault_becomes_a_line(mode: str, delay: float | None, line: str) -> None:
    assert mode_line(mode, delay) == line


@pytest.mark.parametrize(
    ("mode", "delay", "reason"),
    [
        ("explode", None, "does not know"),
        ("cut", 0.1, "belongs to mode delay"),
        ("delay", None, "belongs to mode delay"),
        ("delay", -1.0, "not between"),
        ("delay", float("nan"), "not between"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(mode: str, delay: float | None, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        mode_line(mode, delay)


async def test_a_forwarder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="does not answer"):
        await command(tmp_path / "none.sock", "status")


async def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not port_is_free(port)
        with pytest.raises(MachineLacksError, match=f"127.0.0.1:{port} is taken"):
            await start_forwarder(
                Processes(tmp_path), "x/forwarder", port, ("127.0.0.1", 1), tmp_path / "s", tmp_path / "log", None
            )

    assert port_is_free(port)
