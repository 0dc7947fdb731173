"""A watch whose events read as text, and whose pauses take no time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Generic, TypeVar

from landbridge.api.core import SERVICES, Service
from landbridge.api.kind import Kind
from landbridge.api.meta import Object
from landbridge.kube.api import Api
from landbridge.kube.backoff import Backoff
from landbridge.kube.errors import ApiError
from landbridge.kube.watch import Changed, Connected, Event, Listed, Lost, watch

T = TypeVar("T", bound=Object)

PATH = SERVICES.path()


class Watching(Generic[T]):
    def __init__(self, api: Api, kind: Kind[T], namespace: str, selector: str) -> None:
        self.pauses: list[float] = []
        """Seconds that the watch wanted to wait."""
        self.lost: list[Lost] = []
        backoff = Backoff(uniform=lambda least, most: most)
        self.events = watch(api, kind, namespace=namespace, selector=selector, backoff=backoff, sleep=self._pause)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    async def take(self, count: int) -> list[str]:
        """The next events: ``listed a@1 b@2``, ``connected``, ``put a@3``, ``deleted a@4``, ``lost 410``."""
        async with asyncio.timeout(5):
            return [self._text(await anext(self.events)) for _ in range(count)]

    def soon(self) -> asyncio.Task[str]:
        """The next event, awaited while the test does something else."""
        return asyncio.create_task(self._next())

    async def _next(self) -> str:
        return self._text(await anext(self.events))

    def _text(self, event: Event[T]) -> str:
        match event:
            case Listed(items, _):
                return " ".join(["listed", *map(_version, items)])
            case Connected():
                return "connected"
            case Changed(obj, deleted):
                return f"{'deleted' if deleted else 'put'} {_version(obj)}"
            case Lost(error):
                self.lost.append(event)
                return f"lost {error.status if isinstance(error, ApiError) else type(error).__name__}"


def _version(obj: Object) -> str:
    return f"{obj.metadata.name}@{obj.metadata.resource_version}"


@asynccontextmanager
async def watching_kind(
    api: Api, kind: Kind[T], namespace: str = "", selector: str = ""
) -> AsyncGenerator[Watching[T]]:
    watching = Watching(api, kind, namespace, selector)
    async with aclosing(watching.events):
        yield watching


def watching(api: Api) -> AbstractAsyncContextManager[Watching[Service]]:
    return watching_kind(api, SERVICES)
