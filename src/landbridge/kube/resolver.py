"""Names of API servers, looked up in a thread of each server's own (rule S15).

By default all would share the few threads of the event loop's executor, and a handful of names that DNS does not answer
(getaddrinfo waits for 20 seconds and more) would keep every other cluster from connecting.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
NUMBERS = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
"""With the zone, where an address is a link-local one."""


class Resolver(AbstractResolver):
    """For one server. One thread will do: aiohttp asks for a name once at a time, however many connections wait."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "resolver")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _look_up, host, port, family)

    async def close(self) -> None:
        """Wait for nobody: a name that is being looked up is of no interest any more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [
        ResolveResult(hostname=host, host=numbers, port=port, family=kind, proto=proto, flags=NUMERIC)
        for kind, _, proto, _, address in found
        for numbers, _ in [socket.getnameinfo(address, NUMBERS)]
    ]
