"""A way to each API server that may answer nonsense for a while, with the server's own certificate."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from landbridge_lab import Cluster

DEEP = b"[" * 30_000
TYPES = b'{"metadata": {"resourceVersion": 7, "labels": [1, 2]}, "items": {"a": null}, "status": {"token": 1}}'
NONSENSE = (
    b"<html>502 Bad Gateway</html>",
    b"",
    b"null",
    DEEP,
    TYPES,
    b'{"metadata": {}, "items": [{"metadata": null}]}',
)


class Proxy:
    """Ends TLS, and carries what is said in clear; or answers by itself."""

    def __init__(self, cluster: Cluster) -> None:
        self.url = ""
        self._cluster = cluster
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._draw: random.Random | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        """Serve while the body runs."""
        folder = self._cluster.control_plane.files.certificates
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "apiserver.crt", folder / "apiserver.key")
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            self._drop()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    @asynccontextmanager
    async def nonsense(self, draw: random.Random) -> AsyncGenerator[None]:
        """Answer nonsense to everything while the body runs."""
        self._draw = draw
        self._drop()
        try:
            yield
        finally:
            self._draw = None
            self._drop()

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await (self.answer(reader, writer, self._draw) if self._draw else self._carry(reader, writer))
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._cluster.server.removeprefix("https://").split(":")
        context = ssl.create_default_context(cadata=self._cluster.ca_data.decode())
        inner, beyond = await asyncio.open_connection(host, int(port), ssl=context)
        self._writers.add(beyond)
        ways = [asyncio.create_task(_pump(reader, beyond)), asyncio.create_task(_pump(inner, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._writers.discard(beyond)
            beyond.transport.abort()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, draw: random.Random) -> None:
        """What is said to one request meanwhile."""
        await reader.readuntil(b"\r\n\r\n")
        if draw.random() < 0.2:  # a trickle without end
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.1)
        body = draw.choice(NONSENSE)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body)
        await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
