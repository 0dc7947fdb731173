"""What a member's API server may send, and how far it reaches: to that member, and no further (S15)."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from yarl import URL

from tests.api.controller_process import ControllerProcess
from tests.api.scene import Scene
from tests.api.world import CLUSTERS, HUB, NEW, OLD, World

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


@asynccontextmanager
async def _liar(world: World, cluster: str, lie: Lie) -> AsyncGenerator[str]:
    """Something with a cluster's certificate that does not always tell the truth."""

    async def truth(target: URL) -> bytes:
        return await world.admins[cluster].request("GET", target.path, params=dict(target.query))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            target = URL((await reader.readuntil(b"\r\n\r\n")).split()[1].decode())
            watch = target.query.get("watch") == "true"
            said = (lie.watch if watch else lie.list) or (await truth(target), b"")
            writer.write(lie.head + b"\r\n")
            for piece in said:
                writer.write(piece)
            while said[-1] and not writer.is_closing():
                await writer.drain()
                writer.write(said[-1])
                await asyncio.sleep(0.01)  # there is one loop for all of this test
            await writer.drain()
        writer.close()

    folder = world.cluster(cluster).control_plane.files.certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "apiserver.crt", folder / "apiserver.key")
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_s15_others_go_on_whatever_a_member_sends(scene: Scene, controller: ControllerProcess, lie: Lie) -> None:
    await scene.make_service(*CLUSTERS)
    await scene.make_mcs([OLD, HUB], [NEW])
    old = scene.pod(OLD, 1)
    await scene.put_slice(OLD, old)
    await scene.arrives(NEW, old)
    async with _liar(scene.world, OLD, lie) as server:
        await scene.world.readdress(OLD, server)
        await scene.shows(OLD, "Stale")
        for hub in scene.pods(HUB, 10):
            await scene.put_slice(HUB, hub)
            await scene.arrives(NEW, old, hub)
        assert controller.running
        await scene.world.readdress(OLD, scene.world.cluster(OLD).server)
        await scene.shows(OLD, "Synced")
