"""A watch whose events read as text, and whose pauses take no time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Generic, TypeVar

from landbridge.api.core import SERVICES, Service
from landbridge.api.meta import Object
from landbridge.kube.api import Api
from landbridge.kube.backoff import Backoff
from landbridge.kube.errors import ApiError
from landbridge.kube.lines import Unread
from landbridge.kube.watch import Changed, Connected, Event, Interrupted, Listed, Lost, Proved, Scope, Watch

T = TypeVar("T", bound=Object)

PATH = SERVICES.path()
WHOLE = 30.0
"""Seconds of a stream that ends when it was asked to."""


class Watching(Generic[T]):
    def __init__(self, api: Api, scope: Scope[T], takes_away: Callable[[Sequence[T]], bool]) -> None:
        self.pauses: list[float] = []
        """Seconds that the watch wanted to wait."""
        self.lost: list[Lost] = []
        backoff = Backoff(uniform=lambda least, most: most)
        self.events = Watch(api, scope, takes_away=takes_away, backoff=backoff, sleep=self._pause).events()

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    async def take(self, count: int) -> list[str]:
        """The next events: ``listed a@1 b@2``, ``connected``, ``put a@3``, ``deleted a@4``, ``proved``, ``ended``,
        ``lost 410``."""
        return [self._text(await anext(self.events)) for _ in range(count)]

    def soon(self) -> asyncio.Task[str]:
        """The next event, awaited while the test does something else."""
        return asyncio.create_task(self._next())

    async def _next(self) -> str:
        return self._text(await anext(self.events))

    def _text(self, event: Event[T]) -> str:
        match event:
            case Listed(items, _, unreadable):
                odd = (f"{one.key.name if one.key else '?'}!" for one in unreadable)
                return " ".join(["listed", *map(_version, items), *odd])
            case Connected():
                return "connected"
            case Proved():
                return "proved"
            case Unread(found, deleted):
                return f"{'deleted' if deleted else 'unread'} {found.key.name if found.key else '?'}@{found.version}"
            case Interrupted():
                return "ended"
            case Changed(obj, deleted):
                return f"{'deleted' if deleted else 'put'} {_version(obj)}"
            case Lost(error):
                self.lost.append(event)
                return f"lost {error.status if isinstance(error, ApiError) else type(error).__name__}"


def _version(obj: Object) -> str:
    return f"{obj.metadata.name}@{obj.metadata.resource_version}"


@asynccontextmanager
async def watching_scope(
    api: Api, scope: Scope[T], takes_away: Callable[[Sequence[T]], bool] = lambda items: False
) -> AsyncGenerator[Watching[T]]:
    watching = Watching(api, scope, takes_away)
    async with aclosing(watching.events):
        yield watching


def watching(api: Api) -> AbstractAsyncContextManager[Watching[Service]]:
    return watching_scope(api, Scope(SERVICES))
