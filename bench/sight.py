"""A consumer's imports, seen through a watch of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.names import MANAGED_BY, MANAGER
from landbridge.kube.api import Api
from landbridge.kube.watch import Changed, Connected, Lost, Scope, Watch

Saw = Callable[[EndpointSlice, float], None]
"""Is told each version of an import, and when it came (loop time)."""


class SightLostError(Exception):
    """The watch broke: nothing that was measured with it counts."""


@asynccontextmanager
async def sight(api: Api, namespace: str, saw: Saw) -> AsyncGenerator[None]:
    """Watch the imports in a namespace while the body runs.

    Raises:
        SightLostError: In an ExceptionGroup.
    """
    opened = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_follow(api, namespace, saw, opened))
        await opened.wait()
        yield
        task.cancel()


async def _follow(api: Api, namespace: str, saw: Saw, opened: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    watch = Watch(api, Scope(SLICES, namespace, f"{MANAGED_BY}={MANAGER}"))
    async with aclosing(watch.events()) as events:
        async for event in events:
            match event:
                case Changed(slice_, deleted=False):
                    saw(slice_, loop.time())
                case Connected():
                    opened.set()
                case Lost(error):
                    raise SightLostError(str(error))
