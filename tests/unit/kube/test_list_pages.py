"""A list comes in pages, all of one moment."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from landbridge.api.core import CONFIG_MAPS
from landbridge.kube.api import Api
from landbridge.kube.bounded import ANSWER
from landbridge.kube.errors import GoneError, TooLargeError, UnreachableError
from landbridge.kube.listing import BEGINNINGS, TIMEOUT
from tests.unit.kube.clock import Clock
from tests.unit.kube.fake_server import QUORUM, FakeServer, Stream, listing, obj, page, refuses, says
from tests.unit.kube.watching import PATH, watching

MAPS = CONFIG_MAPS.path()
TOO_LARGE = says(gzip.compress(b" " * (ANSWER + 1), 1), Content_Encoding="gzip")


async def names(api: Api) -> str:
    return "".join(item.metadata.name for item in (await api.list(CONFIG_MAPS, selector="x=y")).items)


async def test_pages_are_put_together_and_the_first_is_a_quorum_read_s7(api: Api, server: FakeServer) -> None:
    server.script(MAPS, page(9, "t/1=&", obj("a", 3), obj("b", 4)), page(9, "t2", obj("c", 5)), listing(9, obj("d", 6)))
    assert await names(api) == "abcd"
    first = QUORUM | {"labelSelector": "x=y"}
    assert [seen.params for seen in server.lists] == [first, first | {"continue": "t/1=&"}, first | {"continue": "t2"}]


async def test_watch_goes_on_from_the_moment_that_the_pages_are_of(api: Api, server: FakeServer) -> None:
    """The first one's, also where a server gives later pages as they are by then: what happened since is told again."""
    server.script(PATH, page(9, "t1", obj("a", 3)), listing(12, obj("b", 11)))
    server.script_watch(PATH, Stream())
    async with watching(api) as watch:
        assert await watch.take(2) == ["listed a@3 b@11", "connected"]
    assert server.watches[0].params["resourceVersion"] == "9"


async def test_list_whose_moment_the_server_has_forgotten_begins_anew_s7(api: Api, server: FakeServer) -> None:
    server.script(MAPS, page(9, "t1", obj("gone", 3)), refuses(410, "Expired"), page(20, "t2", obj("a", 15)))
    server.script(MAPS, listing(20, obj("b", 16)))
    assert await names(api) == "ab"
    assert [seen.params.get("continue") for seen in server.lists] == [None, "t1", None, "t2"]


async def test_list_that_is_forgotten_again_and_again_is_given_up(api: Api, server: FakeServer) -> None:
    for _ in range(BEGINNINGS + 1):
        server.script(MAPS, page(9, "t1"), refuses(410, "Expired"))
    with pytest.raises(UnreachableError, match="configmaps"):
        await names(api)
    assert len(server.lists) == 2 * BEGINNINGS


async def test_first_page_that_is_refused_as_gone_is_a_refusal(api: Api, server: FakeServer) -> None:
    server.script(MAPS, refuses(410, "Expired"), listing(9))
    with pytest.raises(GoneError):
        await names(api)


async def test_s15_page_that_is_too_large_is_asked_for_in_smaller_ones(api: Api, server: FakeServer) -> None:
    """Whoever may create some hundred large objects in a namespace would hide all of a cluster's else."""
    server.script(MAPS, page(9, "t1", obj("a", 3)), TOO_LARGE, TOO_LARGE, page(9, "t2", obj("b", 4)))
    server.script(MAPS, page(9, "t3", obj("c", 5)), listing(9, obj("d", 6)))
    assert await names(api) == "abcd"
    asked = [(seen.params.get("continue"), seen.params["limit"]) for seen in server.lists]
    assert asked == [(None, "500"), ("t1", "500"), ("t1", "125"), ("t1", "31"), ("t2", "62"), ("t3", "124")]


async def test_s15_object_that_is_too_large_alone_is_given_up(api: Api, server: FakeServer) -> None:
    server.script(MAPS, *[TOO_LARGE] * 9)
    with pytest.raises(TooLargeError):
        await names(api)
    assert [seen.params["limit"] for seen in server.lists] == ["500", "125", "31", "7", "1"]


async def test_s15_pages_without_end_are_given_up_in_time(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script(MAPS, *(page(9, f"t{n}", obj(f"a{n}", 3)) for n in range(200)))
    listing = asyncio.create_task(names(api))
    asked = 0
    while not listing.done():
        await asyncio.sleep(0)
        if len(server.lists) > asked:
            asked = len(server.lists)
            clock.advance(TIMEOUT / 4)
    with pytest.raises(UnreachableError, match=r"no answer|whole list"):
        await listing
    assert asked < 6
