"""A connection whose writes need a permit."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp

from landbridge.kube.api import JSON, REQUEST_TIMEOUT, Api

Permit = Callable[[], Awaitable[None]]
"""Returns where writing is allowed, and raises a KubeError where it is not."""


async def always() -> None:
    """The permit of who is alone."""


class GuardedApi(Api):
    """The same server through the same connections; what changes something asks for the permit first.

    The guard is in the connection, so that nobody who writes can forget it.
    """

    def __init__(self, api: Api, permit: Permit) -> None:
        self.server = api.server
        self.patience = api.patience
        self.tokens = api.tokens
        self._api = api
        self._permit = permit

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        timeout: float = REQUEST_TIMEOUT,
    ) -> bytes:
        """As the other; a write only with the permit."""
        if method != "GET":
            await self._permit()
        return await self._api.request(
            method, path, params=params, body=body, content_type=content_type, timeout=timeout
        )

    async def permitted(self) -> None:
        """Wait for the permit."""
        await self._permit()

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str], timeout: float
    ) -> AsyncGenerator[aiohttp.StreamReader]:
        """As the other."""
        async with self._api.stream(path, params, timeout) as content:
            yield content
