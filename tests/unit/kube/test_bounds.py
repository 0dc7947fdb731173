"""How much of what a server sends is read (rule S15)."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Generator

import pytest
from aiohttp import web

from landbridge.api.core import CONFIG_MAPS, SERVICES
from landbridge.kube import listing as listing_
from landbridge.kube.api import Api
from landbridge.kube.bounded import ANSWER, LINE, MIB, REFUSAL
from landbridge.kube.errors import LONGEST, ApiError, TooLargeError, UnauthorizedError
from tests.unit.kube.fake_server import Answer, FakeServer, Stream, added, failure, line, listing, obj, page, says
from tests.unit.kube.watching import PATH, watching

SPACES = b" " * MIB


@pytest.fixture
def memory() -> Generator[None]:
    """No more than a few times the bound is held at once."""
    tracemalloc.start()
    yield
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4 * ANSWER


def endless(status: int = 200, start: bytes = b"", piece: bytes = SPACES) -> Answer:
    """Far more than any bound: who reads on comes to an end, too, and is found out by what he makes of it."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        await response.write(start)
        for _ in range(3 * ANSWER // len(piece)):
            await response.write(piece)
        return response

    return answer


async def test_s15_answer_without_end_is_read_to_the_bound(api: Api, server: FakeServer, memory: None) -> None:
    server.script(CONFIG_MAPS.path("shop", "a"), endless())
    with pytest.raises(TooLargeError, match=rf"{server.url} sent an answer of more than 32 MiB.*: see what answers"):
        await api.get(CONFIG_MAPS, "a", "shop")


async def test_s15_what_counts_is_what_an_answer_unpacks_to(api: Api, server: FakeServer, memory: None) -> None:
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(SPACES) for _ in range(8 * ANSWER // MIB)) + packer.flush()
    assert len(packed) < MIB
    server.script(f"{PATH}/x", says(packed, Content_Encoding="gzip"))
    with pytest.raises(TooLargeError):
        await api.get(SERVICES, "x")


async def test_s15_others_go_on_while_much_is_unpacked(api: Api, server: FakeServer) -> None:
    """It is there at once, so that reading it never has to wait."""
    large = gzip.compress(b'{"metadata":{"name":"a"}}' + b" " * (ANSWER - MIB), 1)
    server.script(CONFIG_MAPS.path("shop", "a"), says(large, Content_Encoding="gzip"))
    reading = asyncio.create_task(api.get(CONFIG_MAPS, "a", "shop"))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 20


async def test_answer_within_the_bound_is_read_whole(api: Api, server: FakeServer) -> None:
    large = gzip.compress(b'{"metadata":{"name":"a"},"data":{"k":"' + b"x" * (ANSWER - MIB) + b'"}}', 1)
    server.script(CONFIG_MAPS.path("shop", "a"), says(large, Content_Encoding="gzip"))
    found = await api.get(CONFIG_MAPS, "a", "shop")
    assert len((found.data or {})["k"]) == ANSWER - MIB


async def test_s15_list_without_end_is_read_to_the_bound(
    api: Api, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_, "WHOLE_LIST", 2 * MIB)
    large = obj("a", 3, data={"k": "x" * (MIB - 100_000)})
    server.script(CONFIG_MAPS.path(), *(page(7, f"after-{n}", large) for n in range(9)))
    with pytest.raises(TooLargeError, match="a list of configmaps of more than 2 MiB"):
        await api.list(CONFIG_MAPS)
    assert len(server.lists) == 3


async def test_s15_watch_line_without_end_is_read_to_the_bound(api: Api, server: FakeServer, memory: None) -> None:
    server.script(PATH, listing(7))
    server.script_watch(PATH, endless(start=added("a", 8)), Stream(added("b", 9)))
    async with watching(api) as watch:
        told = await watch.take(6)
    assert told == ["listed", "connected", "put a@8", "lost TooLargeError", "connected", "put b@9"]
    assert "a watch line of more than 8 MiB" in str(watch.lost[0].error)


async def test_stream_may_be_longer_than_any_line(api: Api, server: FakeServer) -> None:
    piece = line("ADDED", obj("a", 8, spec={"selector": {"note": "x" * MIB}}))
    server.script(PATH, listing(7))
    server.script_watch(PATH, Stream(*([piece] * (LINE // MIB + 2)), added("b", 9)))
    async with watching(api) as watch:
        assert (await watch.take(LINE // MIB + 5))[-1] == "put b@9"


async def test_s15_refusal_without_end_is_a_refusal(api: Api, server: FakeServer, memory: None) -> None:
    server.script(PATH, endless(401))
    with pytest.raises(UnauthorizedError) as caught:
        await api.list(SERVICES)
    assert str(caught.value) == "HTTP status 401"


async def test_s15_words_of_others_are_cut(api: Api, server: FakeServer) -> None:
    server.script(PATH, says(failure(500, "R" * 20_000, "m" * 20_000), 500))
    with pytest.raises(ApiError) as caught:
        await api.list(SERVICES)
    assert str(caught.value) == "m" * (LONGEST - 16) + "... (19516 more)"
    assert len(caught.value.reason) < LONGEST


@pytest.mark.parametrize("size", [REFUSAL // 2, REFUSAL * 2])
async def test_refusal_that_is_no_status_is_told_by_its_beginning(api: Api, server: FakeServer, size: int) -> None:
    server.script(PATH, says(b'{"x":' + b"[" * size, 502))
    with pytest.raises(ApiError) as caught:
        await api.list(SERVICES)
    assert (caught.value.status, str(caught.value)) == (502, '{"x":' + "[" * 180 + "... (1815 more)")


@pytest.mark.parametrize("asked", ["²", "9" * 5000, "1e3", "nan", "-5", " "])
async def test_s15_odd_retry_after_is_no_crash(api: Api, server: FakeServer, asked: str) -> None:
    server.script(PATH, says(b"", 503, Retry_After=asked))
    with pytest.raises(ApiError) as caught:
        await api.list(SERVICES)
    assert caught.value.status == 503
