"""The forwarder: carries bytes between a loopback port of the machine and an API server; can cut, freeze or delay them.

Run by its path (`python -I -S forward.py LISTENING_FD HOST PORT CONTROL_SOCKET`) and with the standard library alone:
that starts in 50 ms. The listening socket was opened by its parent in the machine's network; this process may live in
another network namespace, from which it connects to HOST:PORT.

Modes, told by a line on the control socket and answered with a line of JSON:

| line | open connections | new ones |
|---|---|---|
| `open` | carried | accepted and carried |
| `cut` | reset | refused: nobody listens |
| `freeze` | kept, no byte moves | accepted, no byte moves |
| `delay S` | every byte arrives S seconds later, in each direction | the same |
| `idle S` | reset after S seconds without a byte in either direction, as many balancers do | the same |
| `status` | as they are | as they are |
"""

import asyncio
import json
import socket
import struct
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import cast

_HIGH_WATER = 1 << 20
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Forwarder:
    """Accepts connections and says what happens to their bytes."""

    def __init__(self, listening: socket.socket, host: str, port: int) -> None:
        self.mode = "open"
        self.delay = 0.0
        self.after = 0.0
        """Seconds of silence after which mode `idle` ends a connection."""
        self.sides: set[Side] = set()
        self._listening = listening
        self._target = (host, port)
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._listening.setblocking(False)
        self._listen()

    @property
    def holds_back(self) -> bool:
        """Whether bytes wait."""
        return self.mode in ("freeze", "delay")

    def set(self, mode: str, delay: float = 0.0, after: float = 0.0) -> None:
        """Change the mode, and make the open connections follow it."""
        if (mode == "cut") != (self.mode == "cut"):
            self._refuse() if mode == "cut" else self._listen()
        self.mode, self.delay, self.after = mode, delay, after
        self._flowing.clear() if mode == "freeze" else self._flowing.set()
        for side in list(self.sides):
            side.follow()

    def _listen(self) -> None:
        self._flowing.set()
        self._listening.listen(512)
        asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _refuse(self) -> None:
        """Stop listening but keep the port: only the machine's network namespace could give it again."""
        asyncio.get_running_loop().remove_reader(self._listening)
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                task = asyncio.create_task(self._carry(connection))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _carry(self, connection: socket.socket) -> None:
        await self._flowing.wait()
        loop = asyncio.get_running_loop()
        inner = Side(self)
        try:
            await loop.create_connection(lambda: inner, *self._target)
        except OSError:
            _reset(connection)
            return
        outer = Side(self)
        inner.peer, outer.peer = outer, inner
        await loop.connect_accepted_socket(lambda: outer, connection)
        for side in (inner, outer):
            side.follow()


class Side(asyncio.Protocol):
    """One end of a connection: what it reads goes to its peer, which may hold it back for a while."""

    def __init__(self, forwarder: Forwarder) -> None:
        self.peer: Side | None = None
        self._forwarder = forwarder
        self._transport: asyncio.Transport | None = None
        self._held: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._active = 0.0
        """Loop time of the last byte from here."""
        self._idle_check: asyncio.TimerHandle | None = None
        self._full = False
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)
        transport.set_write_buffer_limits(high=_HIGH_WATER)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.pause_reading()  # until both ends are there
        self._forwarder.sides.add(self)
        self._active = asyncio.get_running_loop().time()

    def follow(self) -> None:
        """Do what the mode says now."""
        if self._forwarder.mode == "cut":
            self._abort()
            return
        self._release()
        self._read_or_not()
        self._end_when_idle()

    def data_received(self, data: bytes) -> None:
        self._active = asyncio.get_running_loop().time()
        if self.peer:
            self.peer.deliver(data)

    def eof_received(self) -> bool:
        self._ended = True
        if self.peer:
            self.peer.deliver(b"")
        return True

    def deliver(self, data: bytes) -> None:
        """Write a chunk now or when its time has come; b"" is the end of what the peer sends."""
        if not self._held and not self._forwarder.holds_back:
            self._write(data)
            return
        self._held.append((asyncio.get_running_loop().time() + self._forwarder.delay, data))
        self._held_bytes += len(data)
        self._release()

    def pause_writing(self) -> None:
        self._full = True
        if self.peer:
            self.peer._read_or_not()

    def resume_writing(self) -> None:
        self._full = False
        if self.peer:
            self.peer._read_or_not()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forwarder.sides.discard(self)
        for timer in (self._timer, self._idle_check):
            if timer:
                timer.cancel()
        if self.peer and self.peer._transport:
            self.peer._abort() if exc else self.peer._transport.close()

    def _release(self) -> None:
        """Write what is due, and come back for the rest."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._forwarder.mode == "freeze":
            return
        loop = asyncio.get_running_loop()
        while self._held and (not self._forwarder.holds_back or self._held[0][0] <= loop.time()):
            data = self._held.popleft()[1]
            self._held_bytes -= len(data)
            self._write(data)
        if self._held:
            self._timer = loop.call_at(self._held[0][0], self._release)
        if self.peer:
            self.peer._read_or_not()

    def _read_or_not(self) -> None:
        """Read on unless bytes are frozen or the other end cannot take more."""
        if not self._transport or not self.peer:
            return
        blocked = self._forwarder.mode == "freeze" or self.peer._full or self.peer._held_bytes > _HIGH_WATER
        self._transport.pause_reading() if blocked else self._transport.resume_reading()

    def _end_when_idle(self) -> None:
        """In mode `idle`, reset both ends when neither sent a byte for long enough, and else look again then."""
        if self._idle_check:
            self._idle_check.cancel()
            self._idle_check = None
        if self._forwarder.mode != "idle" or not self.peer:
            return
        loop = asyncio.get_running_loop()
        left = max(self._active, self.peer._active) + self._forwarder.after - loop.time()
        if left <= 0:
            self._abort()
            self.peer._abort()
        else:
            self._idle_check = loop.call_later(left, self._end_when_idle)

    def _write(self, data: bytes) -> None:
        if not self._transport or self._transport.is_closing():
            return
        if data:
            self._transport.write(data)
        elif self._ended:
            self._transport.close()  # after what is still to be written; asyncio leaves this to us
        else:
            self._transport.write_eof()

    def _abort(self) -> None:
        if self._transport:
            sock = self._transport.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()


async def serve(listening: socket.socket, host: str, port: int, control: Path) -> None:
    """Forward until killed, obeying the control socket."""
    forwarder = Forwarder(listening, host, port)

    async def obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode()
        writer.write(json.dumps(_obey(forwarder, line)).encode() + b"\n")
        await writer.drain()
        writer.close()

    control.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(obey, control)
    await server.serve_forever()


def _obey(forwarder: Forwarder, line: str) -> dict[str, object]:
    match line.split():
        case ["open" | "cut" | "freeze" as mode]:
            forwarder.set(mode)
        case ["delay", seconds]:
            forwarder.set("delay", float(seconds))
        case ["idle", seconds]:
            forwarder.set("idle", after=float(seconds))
        case ["status"]:
            pass
        case _:
            return {"error": f"unknown command {line!r}"}
    connections = len(forwarder.sides) // 2
    return {"mode": forwarder.mode, "delay": forwarder.delay, "after": forwarder.after, "connections": connections}


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connection.close()


def main() -> None:
    """Take over the listening socket that was handed to this process."""
    descriptor, host, port, control = sys.argv[1:]
    asyncio.run(serve(socket.socket(fileno=int(descriptor)), host, int(port), Path(control)))


if __name__ == "__main__":
    main()
