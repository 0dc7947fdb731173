"""The forwarder as a process of its own, in front of an echo server: each mode, on open and on new connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
from landbridge_lab.errors import LabError
from landbridge_lab.network.forwarding import ForwarderState, command, start_forwarder
from landbridge_lab.processes import Processes
from landbridge_lab.waiting import until

SOON, QUIET = 5.0, 0.2


@dataclass(frozen=True)
class Forwarded:
    """A forwarder that runs: its port and its control socket."""

    port: int
    control: Path

    async def tell(self, line: str) -> ForwarderState:
        return await command(self.control, line)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write(b"end")
    writer.close()


async def answer(reader: asyncio.StreamReader, length: int) -> bytes:
    return await asyncio.wait_for(reader.readexactly(length), SOON)


@pytest.fixture(scope="module")
async def forwarder(
    tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Forwarded]:
    folder = tmp_path_factory.mktemp("forward")
    processes = Processes(folder)
    port, control = unused_tcp_port_factory(), folder / "forward.sock"
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        target = server.sockets[0].getsockname()[:2]
        await start_forwarder(processes, "test/forwarder", port, target, control, folder / "log", None)
        await until("forwarder", lambda: listens(control))
        yield Forwarded(port, control)
        processes.end_all()


async def listens(control: Path) -> bool:
    try:
        return (await command(control, "status")).mode == "open"
    except LabError:
        return False


@pytest.fixture(autouse=True)
async def healed(forwarder: Forwarded) -> None:
    await forwarder.tell("open")


async def test_open_carries_both_ways_and_passes_on_an_end(forwarder: Forwarded) -> None:
    async with forwarder.connection() as (reader, writer):
        writer.write(b"hello")
        assert await answer(reader, 5) == b"hello"
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), SOON) == b"end"


async def test_much_more_than_buffers_hold_arrives_whole_and_in_order(forwarder: Forwarded) -> None:
    sent = b"".join(number.to_bytes(4, "big") for number in range(2_000_000))

    async with forwarder.connection() as (reader, writer):
        writer.write(sent)
        assert await asyncio.wait_for(reader.readexactly(len(sent)), 20) == sent


async def test_cut_resets_connections_and_refuses_new_ones_until_open(forwarder: Forwarded) -> None:
    async with forwarder.connection() as (reader, writer):
        writer.write(b"x")
        await answer(reader, 1)
        await forwarder.tell("cut")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await answer(reader, 1)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", forwarder.port)

    await forwarder.tell("open")

    async with forwarder.connection() as (reader, writer):
        writer.write(b"again")
        assert await answer(reader, 5) == b"again"


async def test_freeze_keeps_connections_and_holds_every_byte_until_open(forwarder: Forwarded) -> None:
    async with forwarder.connection() as (reader, writer), forwarder.connection() as (_, idle):
        writer.write(b"1")
        await answer(reader, 1)
        await forwarder.tell("freeze")
        writer.write(b"23")
        async with forwarder.connection() as (new_reader, new_writer):
            new_writer.write(b"new")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), QUIET)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(new_reader.read(1), QUIET)
            await forwarder.tell("open")
            assert await answer(reader, 2) == b"23"
            assert await answer(new_reader, 3) == b"new"
        assert not idle.is_closing()


async def test_delay_makes_every_byte_late_in_each_direction(forwarder: Forwarded) -> None:
    async with forwarder.connection() as (reader, writer):
        await forwarder.tell("delay 0.1")
        started = monotonic()
        writer.write(b"late")
        assert await answer(reader, 4) == b"late"
        assert 0.2 <= monotonic() - started < SOON


async def test_what_a_delay_holds_comes_first_when_it_ends(forwarder: Forwarded) -> None:
    async with forwarder.connection() as (reader, writer):
        await forwarder.tell("delay 60")
        writer.write(b"first ")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), QUIET)
        await forwarder.tell("open")
        writer.write(b"second")
        assert await answer(reader, 12) == b"first second"


async def test_a_cut_ends_frozen_and_delayed_connections_too(forwarder: Forwarded) -> None:
    for before in ("freeze", "delay 60"):
        await forwarder.tell("open")
        async with forwarder.connection() as (reader, writer):
            writer.write(b"x")
            await answer(reader, 1)
            await forwarder.tell(before)
            await forwarder.tell("cut")
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await answer(reader, 1)


async def test_it_counts_connections(forwarder: Forwarded) -> None:
    async def connections(count: int) -> bool:
        return (await forwarder.tell("status")).connections == count

    await until("no connections", lambda: connections(0))
    async with forwarder.connection(), forwarder.connection():
        await until("two connections", lambda: connections(2))
    await until("no connections again", lambda: connections(0))


async def test_a_connection_that_both_sides_ended_is_gone(forwarder: Forwarded) -> None:
    async def none() -> bool:
        return (await forwarder.tell("status")).connections == 0

    await until("no connections", none, deadline=SOON)
    async with forwarder.connection() as (reader, writer):
        writer.write_eof()
        assert await answer(reader, 3) == b"end"
        await until("no connections again", none, deadline=SOON)


async def test_an_unknown_command_changes_nothing(forwarder: Forwarded) -> None:
    with pytest.raises(LabError, match="unknown command"):
        await forwarder.tell("explode")

    assert (await forwarder.tell("status")).mode == "open"


async def test_a_server_that_is_away_is_told_as_a_reset_not_as_silence(tmp_path: Path, unused_tcp_port: int) -> None:
    processes = Processes(tmp_path)
    control = tmp_path / "forward.sock"
    nobody = ("127.0.0.1", 1)
    await start_forwarder(processes, "test/forwarder", unused_tcp_port, nobody, control, tmp_path / "log", None)
    try:
        await until("forwarder", lambda: listens(control))
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            async with Forwarded(unused_tcp_port, control).connection() as (reader, _):
                await answer(reader, 1)
    finally:
        processes.end_all()


async def test_idle_resets_what_is_silent_for_too_long_and_carries_all_else(forwarder: Forwarded) -> None:
    await forwarder.tell("idle 0.3")
    async with forwarder.connection() as (busy, busy_writer), forwarder.connection() as (silent, silent_writer):
        silent_writer.write(b"hello")
        assert await answer(silent, 5) == b"hello"
        ended = asyncio.create_task(silent.read())
        started = monotonic()
        while not ended.done():
            busy_writer.write(b"x")
            assert await answer(busy, 1) == b"x"
            await asyncio.sleep(0.02)
        assert isinstance(ended.exception(), ConnectionResetError)
        assert monotonic() - started >= 0.25
        await forwarder.tell("open")
        busy_writer.write(b"still here")
        assert await answer(busy, 10) == b"still here"


async def test_idle_ends_when_it_is_healed(forwarder: Forwarded) -> None:
    await forwarder.tell("idle 0.3")
    async with forwarder.connection() as (reader, writer):
        writer.write(b"a")
        assert await answer(reader, 1) == b"a"
        await forwarder.tell("open")
        await asyncio.sleep(0.5)
        writer.write(b"b")
        assert await answer(reader, 1) == b"b"
