"""Lines and chunks have nothing to do with each other; some lines are longer than any buffer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.kube.api import Api
from landbridge.kube.lines import batches
from tests.unit.kube.fake_server import FakeServer, Stream, added, bookmark, listing, modified
from tests.unit.kube.watching import PATH, watching


@pytest.fixture(autouse=True)
def one_list(server: FakeServer) -> None:
    server.script(PATH, listing(7))


async def test_line_of_a_megabyte_is_one_event(api: Api, server: FakeServer) -> None:
    """aiohttp's readline ends at 128 KiB."""
    long = added("b", 8, spec={"selector": {"note": "x" * 1_000_000}})
    server.script_watch(PATH, Stream(long, added("c", 9)))
    async with watching(api) as watch:
        assert await watch.take(4) == ["listed", "connected", "put b@8", "put c@9"]


async def test_many_lines_in_one_chunk_are_as_many_events(api: Api, server: FakeServer) -> None:
    server.script_watch(PATH, Stream(b"".join(added(f"s{n}", 10 + n) for n in range(500))))
    async with watching(api) as watch:
        assert (await watch.take(502))[-1] == "put s499@509"


@pytest.mark.parametrize("size", [1, 7, 64])
async def test_chunks_may_end_anywhere(api: Api, server: FakeServer, size: int) -> None:
    text = added("b", 8, spec={"selector": {"ünï": "☃"}}) + bookmark(9) + modified("b", 10)
    server.script_watch(PATH, Stream(*(text[start : start + size] for start in range(0, len(text), size))))
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed", "connected", "put b@8", "proved", "put b@10"]


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1)))
async def test_batches_are_the_whole_lines_of_what_came(chunks: list[bytes]) -> None:
    async def come() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    found = [batch async for batch in batches(come(), "here")]
    everything = b"".join(chunks)
    assert b"".join(found) == everything[: everything.rfind(b"\n") + 1]
    assert all(batch.endswith(b"\n") for batch in found)
