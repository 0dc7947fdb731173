"""What a watch asks for, and what it makes of the first answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from landbridge.api.core import SERVICES, Service
from landbridge.kube.api import Api
from landbridge.kube.listing import TIMEOUT
from landbridge.kube.watch import CONFIRMATION, Scope
from tests.unit.kube.clock import Clock
from tests.unit.kube.fake_server import (
    QUORUM,
    FakeServer,
    Stream,
    added,
    bookmark,
    deleted,
    hangs,
    listing,
    modified,
    obj,
    refuses,
)
from tests.unit.kube.watching import PATH, watching, watching_scope


async def test_begins_with_everything_there_is_and_follows_from_there(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7, obj("a", 3), obj("b", 5)))
    server.script_watch(PATH, Stream(added("c", 8), modified("a", 9), deleted("b", 10)))
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed a@3 b@5", "connected", "put c@8", "put a@9", "deleted b@10"]
    assert server.watches[0].params["resourceVersion"] == "7"


async def test_first_list_is_a_quorum_read_too_s7(api: Api, server: FakeServer) -> None:
    """An API server that lags behind the others would take what is alive for gone, and what is dead for alive."""
    server.script(PATH, listing(7))
    async with watching(api) as watch:
        await watch.take(1)
    assert server.lists[0].params == QUORUM


async def test_first_list_is_tried_until_it_succeeds(api: Api, server: FakeServer) -> None:
    server.script(PATH, refuses(403, "Forbidden"), refuses(503), listing(7, obj("a", 3)))
    async with watching(api) as watch:
        assert await watch.take(3) == ["lost 403", "lost 503", "listed a@3"]
    assert server.watches == []


async def test_asks_for_bookmarks_and_for_an_end_within_half_a_minute(api: Api, server: FakeServer) -> None:
    """Sooner than a balancer takes a quiet connection for dead, and twice within the time to prove that it lives."""
    server.script(PATH, listing(7))
    server.script_watch(PATH, Stream())
    async with watching(api) as watch:
        await watch.take(2)
    assert server.watches[0].params["allowWatchBookmarks"] == "true"
    assert server.watches[0].params["timeoutSeconds"] == "30"


async def test_list_and_watch_ask_for_the_same_objects(api: Api, server: FakeServer) -> None:
    path = SERVICES.path("shop")
    server.script(path, listing(7))
    server.script_watch(path, Stream())
    scope = Scope(SERVICES, "shop", "app in (a,b),!c", "metadata.name=a")
    async with watching_scope(api, scope) as watch:
        await watch.take(2)
    assert [seen.params.get("labelSelector") for seen in server.seen] == ["app in (a,b),!c"] * 2
    assert [seen.params.get("fieldSelector") for seen in server.seen] == ["metadata.name=a"] * 2


async def test_bookmark_is_no_change_and_a_proof(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7))
    server.script_watch(PATH, Stream(bookmark(8, spec={}, status={"loadBalancer": {}}), added("a", 9)))
    async with watching(api) as watch:
        assert await watch.take(4) == ["listed", "connected", "proved", "put a@9"]


def nothing_left(items: Sequence[Service]) -> bool:
    return not items


@pytest.mark.parametrize("second", [[], [obj("a", 3)]], ids=["confirmed", "refuted"])
async def test_list_that_takes_the_last_away_is_believed_when_a_second_one_says_so_too_s7(
    api: Api, server: FakeServer, second: list[dict[str, object]]
) -> None:
    server.script(PATH, listing(20), listing(21, *second))
    server.script_watch(PATH, Stream())
    async with watching_scope(api, Scope(SERVICES), nothing_left) as watch:
        told = await watch.take(2)
    assert told == [" ".join(["listed", *("a@3" for _ in second)]), "connected"]
    assert watch.pauses == [CONFIRMATION]
    assert server.watches[0].params["resourceVersion"] == "21"
    assert [seen.params for seen in server.lists] == [QUORUM] * 2


async def test_list_that_takes_nothing_away_needs_no_second_one(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(20, obj("a", 3)))
    async with watching_scope(api, Scope(SERVICES), nothing_left) as watch:
        assert await watch.take(1) == ["listed a@3"]
    assert len(server.lists) == 1


async def test_second_list_that_fails_lets_the_first_decide_nothing_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script(PATH, listing(20), refuses(503), listing(21, obj("a", 3)))
    async with watching_scope(api, Scope(SERVICES), nothing_left) as watch:
        assert await watch.take(2) == ["lost 503", "listed a@3"]


async def test_list_that_is_never_answered_is_given_up(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script(PATH, hangs, listing(7))
    async with watching(api) as watch:
        waiting = watch.soon()
        await server.asked(1)
        clock.advance(TIMEOUT + 1)
        assert await waiting == "lost UnreachableError"
        assert await watch.take(1) == ["listed"]


async def test_list_that_trickles_is_given_up(api: Api, server: FakeServer, clock: Clock) -> None:
    """Byte after byte comes, and never the end: while it lasts nobody knows whether the cluster is there."""
    trickle = Stream(b"{")
    server.script(PATH, trickle, listing(7))
    async with watching(api) as watch:
        waiting = watch.soon()
        await trickle.asked.wait()
        for _ in range(4):
            assert not waiting.done()
            trickle.lives(clock, TIMEOUT / 4).send(b" ")
            await asyncio.sleep(0.01)
        clock.advance(1)
        assert await waiting == "lost UnreachableError"
        assert await watch.take(1) == ["listed"]
