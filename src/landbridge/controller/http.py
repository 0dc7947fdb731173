"""/metrics, /healthz and /readyz."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from landbridge.kube.errors import KubeError


class ListenError(KubeError):
    """The address for metrics and health cannot be used."""


@dataclass(frozen=True)
class Health:
    """What /readyz answers: 200 or 503, and why."""

    ok: bool
    text: str


@asynccontextmanager
async def serve(address: str, ready: Callable[[], Health], refresh: Callable[[], None]) -> AsyncGenerator[None]:
    """Serve on ``host:port`` while the body runs; ``refresh`` brings gauges up to date before they are read.

    Raises:
        ListenError: The address is not one, or is taken.
    """

    async def metrics(_: web.Request) -> web.Response:
        refresh()
        return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        health = ready()
        return web.Response(text=f"{health.text}\n", status=200 if health.ok else 503)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        host, _, port = address.rpartition(":")
        try:
            await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        except (OSError, ValueError, OverflowError) as error:
            raise ListenError(f"cannot listen on {address!r}: {error}; give another with --listen") from error
        yield
    finally:
        await runner.cleanup()
