"""What an API server that is just dying says, and what is made of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from landbridge_lab.control_plane.api import Api
from landbridge_lab.control_plane.components import ControlPlane
from landbridge_lab.control_plane.start import write_files
from landbridge_lab.errors import LabError
from landbridge_lab.network.addresses import MAX_LABS, Addresses
from landbridge_lab.paths import ClusterDir

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}}


@pytest.fixture
def plane(tmp_path: Path) -> ControlPlane:
    plane = ControlPlane("one", Addresses(MAX_LABS - 3, 7), ClusterDir(tmp_path / "one"), tmp_path, inside=False)
    write_files(plane, nodes=0)
    return plane


@asynccontextmanager
async def dying(plane: ControlPlane, last_words: bytes) -> AsyncIterator[None]:
    """An API server that says that much of its answer and resets the connection."""

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(last_words)
        await writer.drain()
        writer.transport.abort()

    pki = plane.files.certificates
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
    port = plane.addresses.forwarded_port
    async with await asyncio.start_server(die, "127.0.0.1", port, ssl=context, reuse_address=True):
        yield


@pytest.mark.parametrize(
    "last_words",
    [
        b"",
        b"HTTP/1.1 2",
        HEAD,
        HEAD + b'Content-Length: 99\r\n\r\n{"kind": "No',
        HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"kin\r\n',
        HEAD + b'Content-Length: 8\r\n\r\n{"kind":',
        HEAD + b"Content-Length: 2\r\n\r\n\xff\xfe",
    ],
    ids=["nothing", "a word", "half a head", "half a body", "a chunk", "half of the JSON", "no text"],
)
async def test_half_of_an_answer_is_none(plane: ControlPlane, last_words: bytes) -> None:
    async with dying(plane, last_words), Api(plane) as api:
        assert await api.get("api/v1/nodes/one") is None
        assert await api.ready() == (b"Length" in last_words or b"chunked" in last_words)
        with pytest.raises(LabError, match="Node one could not be written"):
            await api.create(NODE)


async def test_an_api_server_that_is_away_is_not_ready(plane: ControlPlane) -> None:
    async with Api(plane) as api:
        assert not await api.ready()
        assert await api.get("api/v1/nodes/one") is None
