"""Telling a forwarder what to do: what is a fault and what is not, and what is said when it cannot be told."""

import asyncio
import socket
from pathlib import Path

import pytest
from landbridge_lab.errors import LabError, MachineLacksError, RefusedError
from landbridge_lab.network.forwarding import command, mode_line, port_is_free, start_forwarder
from landbridge_lab.processes import Processes


@pytest.mark.parametrize(
    ("mode", "delay", "after", "line"),
    [
        ("cut", None, None, "cut"),
        ("freeze", None, None, "freeze"),
        ("delay", 0.25, None, "delay 0.25"),
        ("idle", None, 35.0, "idle 35.0"),
        ("open", None, None, "open"),
    ],
)
def test_a_fault_becomes_a_line(mode: str, delay: float | None, after: float | None, line: str) -> None:
    assert mode_line(mode, delay, after) == line


@pytest.mark.parametrize(
    ("mode", "delay", "after", "reason"),
    [
        ("explode", None, None, "does not know"),
        ("cut", 0.1, None, "belongs to mode delay"),
        ("delay", None, None, "belongs to mode delay"),
        ("delay", -1.0, None, "not between"),
        ("delay", float("nan"), None, "not between"),
        ("idle", None, None, "belongs to mode idle"),
        ("cut", None, 35.0, "belongs to mode idle"),
        ("idle", None, -1.0, "not between"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    mode: str, delay: float | None, after: float | None, reason: str
) -> None:
    with pytest.raises(RefusedError, match=reason):
        mode_line(mode, delay, after)


async def test_a_forwarder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="does not answer"):
        await command(tmp_path / "none.sock", "status")


async def test_a_forwarder_that_hangs_is_said_so(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "hanging.sock"))
        hanging.listen()
        with pytest.raises(LabError, match="does not answer: TimeoutError"):
            await command(tmp_path / "hanging.sock", "status", within=0.05)


@pytest.mark.parametrize(
    "last_words",
    [b"", b"\n", b'{"mode": "op', b"null\n", b"[]\n", b'{"mode": 1}\n', b"\xff\n", b"x" * 100_000],
    ids=["nothing", "a line", "half of an answer", "null", "a list", "another type", "no text", "endless"],
)
async def test_a_forwarder_that_ends_just_now_is_said_so(tmp_path: Path, last_words: bytes) -> None:
    control = tmp_path / "dying.sock"

    async def die(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(last_words)
        await writer.drain()
        writer.transport.abort()  # the command is left unread: the other end sees a reset

    async with await asyncio.start_unix_server(die, control):
        for _ in range(50):
            with pytest.raises(LabError, match="does not answer"):
                await command(control, "status")


async def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not port_is_free(port)
        with pytest.raises(MachineLacksError, match=f"127.0.0.1:{port} is taken"):
            await start_forwarder(
                Processes(tmp_path), "x/forwarder", port, ("127.0.0.1", 1), tmp_path / "s", tmp_path / "log", None
            )

    assert port_is_free(port)
