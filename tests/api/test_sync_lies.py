"""What a member's API server may send, and how far it reaches: to that member, and no further (S15)."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from yarl import URL

from tests.api.controller_process import ControllerProcess
from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, HUB, NEW, OLD, World
from tests.soak.nonsense import Proxy

MIB = 1 << 20
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


@dataclass(frozen=True)
class Lie:
    """What is said in answer to a list, and to a watch; the truth where it is empty. Its last piece comes forever."""

    list: tuple[bytes, ...] = ()
    watch: tuple[bytes, ...] = (b"",)
    head: bytes = HEAD


def packed() -> bytes:
    """A list of 256 MiB, in a quarter of one."""
    packer = zlib.compressobj(9, wbits=31)
    start = packer.compress(b'{"metadata":{"resourceVersion":"7"},"items":[')
    return start + b"".join(packer.compress(b" " * MIB) for _ in range(256)) + packer.flush()


LIES = {
    "deep list": Lie((b'{"metadata":{"resourceVersion":"7"},"items":[{"a":' + b"[" * 25_000, b"")),
    "list without end": Lie((b'{"metadata":{"resourceVersion":"7"},"items":[', b" " * MIB)),
    "packed list": Lie((packed(), b""), head=HEAD + b"Content-Encoding: gzip\r\n"),
    "deep line": Lie(watch=(b'{"type":"ADDED","object":{"a":' + b"[" * 25_000 + b"\n", b"")),
    "line without end": Lie(watch=(b'{"type":"ADDED","object":"', b"a" * MIB)),
}


class Liar(Proxy):
    """A way to a cluster that tells the truth until it lies."""

    def __init__(self, world: World, cluster: str, lie: Lie) -> None:
        super().__init__(world.cluster(cluster))
        self._admin = world.admins[cluster]
        self._lie = lie

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, draw: random.Random) -> None:
        target = URL((await reader.readuntil(b"\r\n\r\n")).split()[1].decode())
        said = self._lie.watch if target.query.get("watch") == "true" else self._lie.list
        said = said or (await self._admin.request("GET", target.path, params=dict(target.query)), b"")
        writer.write(self._lie.head + b"\r\n")
        for piece in said:
            writer.write(piece)
        while said[-1] and not writer.is_closing():
            await writer.drain()
            writer.write(said[-1])
            await asyncio.sleep(0.01)  # there is one loop for all of this test
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def _by_way_of(proxy: Proxy, world: World, cluster: str) -> AsyncGenerator[None]:
    """The controller reaches the cluster this way while the body runs."""
    async with proxy.serving():
        try:
            await _reached_at(world, cluster, proxy.url)
            yield
        finally:
            await _reached_at(world, cluster, world.cluster(cluster).server)


async def _reached_at(world: World, cluster: str, server: str) -> None:
    since = len(world.controller.said())
    await world.readdress(cluster, server)

    async def said() -> str:
        return world.controller.said(since)

    await eventually(said, lambda log: any("cluster engaged" in line and server in line for line in log.splitlines()))


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_s15_others_go_on_whatever_a_member_sends(scene: Scene, controller: ControllerProcess, lie: Lie) -> None:
    await scene.make_service(*CLUSTERS)
    await scene.make_mcs([OLD, HUB], [NEW])
    old = scene.pod(OLD, 1)
    await scene.put_slice(OLD, old)
    await scene.arrives(NEW, old)
    proxy = Liar(scene.world, OLD, lie)
    async with _by_way_of(proxy, scene.world, OLD):
        async with proxy.nonsense(random.Random()):
            await scene.shows(OLD, "Stale")
            for hub in scene.pods(HUB, 10):
                await scene.put_slice(HUB, hub)
                await scene.arrives(NEW, old, hub)
                assert controller.resident_bytes() < 512 * MIB
        assert controller.running
        await scene.shows(OLD, "Synced")
