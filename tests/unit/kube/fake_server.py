"""A scripted API server on loopback, for what a real one cannot be made to do.

Each path has two scripts, one for watches and one for everything else; a request takes the next answer of its script.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

import msgspec
from aiohttp import web

from tests.unit.kube.clock import Clock

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Body = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def watch(self) -> bool:
        return self.params.get("watch") == "true"

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class FakeServer:
    """Answers by script, and remembers what it was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.url = ""
        self._tls = tls
        self._arrived = asyncio.Condition()
        self._scripts: defaultdict[tuple[str, bool], deque[Answer]] = defaultdict(deque)
        self._runner = web.ServerRunner(
            web.Server(self._handle, access_log=None, handler_cancellation=True), shutdown_timeout=0
        )

    def script(self, path: str, *answers: Answer) -> None:
        """What to answer to requests that are no watches, in order."""
        self._scripts[path, False].extend(answers)

    def script_watch(self, path: str, *answers: Answer) -> None:
        """What to answer to watches, in order."""
        self._scripts[path, True].extend(answers)

    @property
    def lists(self) -> list[Seen]:
        return [seen for seen in self.seen if not seen.watch]

    @property
    def watches(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.watch]

    async def asked(self, times: int) -> None:
        """Until so many requests have come."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.seen) >= times)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        seen = Seen(request.method, request.path, dict(request.query), dict(request.headers), body)
        self.seen.append(seen)
        async with self._arrived:
            self._arrived.notify_all()
        script = self._scripts[seen.path, seen.watch]
        if not script:
            return web.Response(status=501, text=f"nothing scripted for {seen.method} {seen.path}")
        return await script.popleft()(request)


def says(body: Any, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON, or verbatim where it is given as bytes."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=raw, status=status, headers={"Content-Type": "application/json"} | named)

    return answer


def refuses(status: int, reason: str = "", message: str = "", **headers: str) -> Answer:
    """An error with a Status as Kubernetes writes it."""
    return says(failure(status, reason, message), status, **headers)


async def resets(request: web.BaseRequest) -> web.StreamResponse:
    """Ends the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hangs(_: web.BaseRequest) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError


class Stream:
    """The answer to one watch: what is put in comes out, and then it stays open and silent."""

    def __init__(self, *pieces: bytes) -> None:
        self.asked = asyncio.Event()
        self.closed = asyncio.Event()
        self._gate = asyncio.Event()
        self._gate.set()
        self._pieces: asyncio.Queue[bytes | Callable[[], None] | None] = asyncio.Queue()
        self._cut = False
        self.send(*pieces)

    def send(self, *pieces: bytes) -> Self:
        for piece in pieces:
            self._pieces.put_nowait(piece)
        return self

    def lives(self, clock: Clock, seconds: float) -> Self:
        """Let that much time pass before what follows."""
        self._pieces.put_nowait(lambda: clock.advance(seconds))
        return self

    def end(self) -> Self:
        """Close as a server does when its time is over."""
        self._pieces.put_nowait(None)
        return self

    def cut(self) -> Self:
        """Break the connection off after what was sent."""
        self._cut = True
        return self.end()

    def hold(self) -> Self:
        """Keep even the headers back, until `release`."""
        self._gate.clear()
        return self

    def release(self) -> None:
        self._gate.set()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.set()
        try:
            return await self._answer(request)
        finally:
            self.closed.set()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        await self._gate.wait()
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        while piece := await self._pieces.get():
            if isinstance(piece, bytes):
                await response.write(piece)
            else:
                await asyncio.sleep(0.01)  # what was sent arrives first
                piece()
        if self._cut and request.transport:
            request.transport.abort()
        return response


def meta(name: str, version: int, namespace: str = "shop", **fields: Any) -> Body:
    return {"name": name, "namespace": namespace, "resourceVersion": str(version), **fields}


def obj(name: str, version: int, namespace: str = "shop", **fields: Any) -> Body:
    return {"metadata": meta(name, version, namespace), **fields}


def listing(version: int, *items: Body) -> Answer:
    """A list as of a version."""
    return says({"metadata": {"resourceVersion": str(version)}, "items": list(items)})


QUORUM = {"limit": "500"}
"""Parameters of a list that asks for no version, and so is no older than what anybody has written by now."""


def page(version: int, more: str, *items: Body) -> Answer:
    """A page of a list, and where the next one begins."""
    return says({"metadata": {"resourceVersion": str(version), "continue": more}, "items": list(items)})


def line(kind: str, body: Body) -> bytes:
    """A line of a watch."""
    return msgspec.json.encode({"type": kind, "object": body}) + b"\n"


def added(name: str, version: int, **fields: Any) -> bytes:
    return line("ADDED", obj(name, version, **fields))


def modified(name: str, version: int, **fields: Any) -> bytes:
    return line("MODIFIED", obj(name, version, **fields))


def deleted(name: str, version: int, **fields: Any) -> bytes:
    return line("DELETED", obj(name, version, **fields))


def bookmark(version: int, **fields: Any) -> bytes:
    return line("BOOKMARK", {"metadata": {"resourceVersion": str(version), "creationTimestamp": None}, **fields})


def failure(status: int, reason: str = "", message: str = "") -> Body:
    """A Status as an API server writes it, all fields included."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": status,
    }


def in_stream_error(status: int, reason: str = "", message: str = "") -> bytes:
    return line("ERROR", failure(status, reason, message))
