"""Starting a cluster's forwarder, and telling it what to do with the bytes."""

import asyncio
import math
import socket
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from landbridge_lab.errors import LabError, MachineLacksError, RefusedError
from landbridge_lab.network import forward
from landbridge_lab.network.machines import Machine
from landbridge_lab.processes import Processes

MODES = ("open", "cut", "freeze", "delay", "idle")


ANSWER = 5.0
"""Seconds for a forwarder to answer; it has nothing to wait for."""


class ForwarderState(msgspec.Struct, frozen=True):
    """What a forwarder says about itself; `delay` and `after` in seconds. `error`: why it refused instead."""

    mode: str = ""
    delay: float = 0.0
    after: float = 0.0
    connections: int = 0
    error: str = ""


async def start_forwarder(
    processes: Processes,
    part: str,
    port: int,
    target: tuple[str, int],
    control: Path,
    log: Path,
    machine: Machine | None,
) -> int:
    """Listen on 127.0.0.1:`port` and carry to `target`, as seen from a machine of the lab (None: from this one).

    Returns its process id; it takes commands a moment later.
    """
    with _listening_socket(port) as listening:
        enter = machine.enter_network if machine else []
        script = [sys.executable, "-I", "-S", forward.__file__]
        command = [*enter, *script, str(listening.fileno()), target[0], str(target[1]), str(control)]
        return await processes.start(part, command, log, pass_fds=[listening.fileno()])


async def command(control: Path, line: str, within: float = ANSWER) -> ForwarderState:
    """Send one command line; returns the state after it.

    Raises:
        LabError: There is no forwarder, or it ends or hangs just now, or it refuses.
    """
    try:
        async with asyncio.timeout(within):
            answer = msgspec.json.decode(await _said(control, line), type=ForwarderState)
    except (OSError, ValueError, msgspec.MsgspecError) as error:  # the latter: it ended before the end of its answer
        why = str(error) or type(error).__name__
        raise LabError("the cluster's forwarder does not answer", why, "run `landbridge-lab up` again") from error
    if answer.error or not answer.mode:
        raise LabError("the cluster's forwarder refused", answer.error)
    return answer


async def _said(control: Path, line: str) -> bytes:
    reader, writer = await asyncio.open_unix_connection(control)
    try:
        writer.write(line.encode() + b"\n")
        return await reader.readline()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def mode_line(mode: str, delay: float | None, after: float | None = None) -> str:
    """The command for a fault, checked."""
    if mode not in MODES:
        raise RefusedError(f"mode {mode!r}", "the forwarder does not know it", f"choose one of {', '.join(MODES[1:])}")
    for needing, name, seconds in (("delay", "delay", delay), ("idle", "time after which", after)):
        if (mode == needing) != (seconds is not None):
            raise RefusedError(
                f"mode {mode!r} with {name} {seconds}",
                f"a {name} belongs to mode {needing} alone",
                "give both or neither",
            )
    seconds = delay if after is None else after
    if seconds is not None and not (math.isfinite(seconds) and 0 <= seconds <= 3600):
        raise RefusedError(f"{seconds} s", "it is not between 0 and 3600", "choose another time")
    return mode if seconds is None else f"{mode} {seconds}"


def port_is_free(port: int) -> bool:
    """Whether 127.0.0.1:`port` can be listened on now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _listening_socket(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        remedy = "end the program that listens there, or run `landbridge-lab down` and `up` for other ports"
        raise MachineLacksError(f"port 127.0.0.1:{port} is taken", str(error), remedy) from error
