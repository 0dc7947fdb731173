"""Starting a cluster's forwarder, and telling it what to do with the bytes."""

import asyncio
import json
import math
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from landbridge_lab.errors import LabError, MachineLacksError, RefusedError
from landbridge_lab.network import forward
from landbridge_lab.network.machines import Machine
from landbridge_lab.processes import Processes

MODES = ("open", "cut", "freeze", "delay")


@dataclass(frozen=True)
class ForwarderState:
    """What a forwarder says about itself; `delay` in seconds."""

    mode: str
    delay: float
    connections: int


async def start_forwarder(
    processes: Processes,
    part: str,
    port: int,
    target: tuple[str, int],
    control: Path,
    log: Path,
    machine: Machine | None,
) -> None:
    """Listen on 127.0.0.1:`port` and carry to `target`, as seen from a machine of the lab (None: from this one)."""
    with _listening_socket(port) as listening:
        enter = machine.enter_network if machine else []
        script = [sys.executable, "-I", "-S", forward.__file__]
        command = [*enter, *script, str(listening.fileno()), target[0], str(target[1]), str(control)]
        await processes.start(part, command, log, pass_fds=[listening.fileno()])


async def command(control: Path, line: str) -> ForwarderState:
    """Send one command line; returns the state after it."""
    try:
        reader, writer = await asyncio.open_unix_connection(control)
    except OSError as error:
        raise LabError(
            "the cluster's forwarder does not answer", str(error), "run `landbridge-lab up` again"
        ) from error
    try:
        writer.write(line.encode() + b"\n")
        answer = json.loads(await reader.readline())
    finally:
        writer.close()
        await writer.wait_closed()
    if "error" in answer:
        raise LabError("the cluster's forwarder refused", answer["error"])
    return ForwarderState(**answer)


def mode_line(mode: str, delay: float | None) -> str:
    """The command for a fault, checked."""
    if mode not in MODES:
        raise RefusedError(f"mode {mode!r}", "the forwarder does not know it", f"choose one of {', '.join(MODES[1:])}")
    if (mode == "delay") != (delay is not None):
        raise RefusedError(
            f"mode {mode!r} with delay {delay}", "a delay belongs to mode delay alone", "give both or neither"
        )
    if delay is not None and not (math.isfinite(delay) and 0 <= delay <= 3600):
        raise RefusedError(f"a delay of {delay} s", "it is not between 0 and 3600", "choose another one")
    return f"{mode} {delay}" if delay is not None else mode


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
