"""What a watch asks for, and what it makes of the first answers."""

from __future__ import annotations

from landbridge.api.core import SERVICES
from landbridge.kube.api import Api
from tests.unit.kube.fake_server import FakeServer, Stream, added, bookmark, deleted, listing, modified, obj, refuses
from tests.unit.kube.watching import PATH, watching, watching_kind


async def test_begins_with_everything_there_is_and_follows_from_there(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7, obj("a", 3), obj("b", 5)))
    server.script_watch(PATH, Stream(added("c", 8), modified("a", 9), deleted("b", 10)))
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed a@3 b@5", "connected", "put c@8", "put a@9", "deleted b@10"]
    assert server.watches[0].params["resourceVersion"] == "7"


async def test_first_list_may_come_from_the_servers_cache(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7))
    async with watching(api) as watch:
        await watch.take(1)
    assert server.lists[0].params == {"resourceVersion": "0"}


async def test_first_list_is_tried_until_it_succeeds(api: Api, server: FakeServer) -> None:
    server.script(PATH, refuses(403, "Forbidden"), refuses(503), listing(7, obj("a", 3)))
    async with watching(api) as watch:
        assert await watch.take(3) == ["lost 403", "lost 503", "listed a@3"]
    assert server.watches == []


async def test_asks_for_bookmarks_and_for_an_end_between_240_and_300_seconds(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7))
    server.script_watch(PATH, *(Stream(bookmark(8)).end() for _ in range(10)), Stream())
    async with watching(api) as watch:
        await watch.take(12)
    assert {seen.params["allowWatchBookmarks"] for seen in server.watches} == {"true"}
    ends = {int(seen.params["timeoutSeconds"]) for seen in server.watches}
    assert all(240 <= end <= 300 for end in ends)
    assert len(ends) > 1, "all watches would come back together"


async def test_list_and_watch_ask_for_the_same_objects(api: Api, server: FakeServer) -> None:
    path = SERVICES.path("shop")
    server.script(path, listing(7))
    server.script_watch(path, Stream())
    async with watching_kind(api, SERVICES, namespace="shop", selector="app in (a,b),!c") as watch:
        await watch.take(2)
    assert [seen.params.get("labelSelector") for seen in server.seen] == ["app in (a,b),!c"] * 2


async def test_bookmark_is_no_change(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7))
    server.script_watch(PATH, Stream(bookmark(8, spec={}, status={"loadBalancer": {}}), added("a", 9)))
    async with watching(api) as watch:
        assert await watch.take(3) == ["listed", "connected", "put a@9"]
