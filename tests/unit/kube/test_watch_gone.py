"""410: the server has forgotten the version that the watch is at, so everything has to be listed again."""

from __future__ import annotations

import pytest

from landbridge.api.coordination import LEASES
from landbridge.api.core import NAMESPACES, SECRETS, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.kind import Kind
from landbridge.api.meta import Object
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.kube.api import Api
from landbridge.kube.watch import Scope
from tests.unit.kube.fake_server import (
    QUORUM,
    Answer,
    FakeServer,
    Stream,
    added,
    in_stream_error,
    listing,
    obj,
    refuses,
)
from tests.unit.kube.watching import PATH, watching, watching_scope

GONE = in_stream_error(410, "Expired", "too old resource version: 7 (9)")


@pytest.mark.parametrize("gone", [refuses(410, "Expired"), Stream(GONE)], ids=["status", "in the stream"])
async def test_lists_again_with_a_quorum_because_absence_will_mean_removal_s7(
    api: Api, server: FakeServer, gone: Answer
) -> None:
    server.script(PATH, listing(7, obj("a", 3), obj("b", 5)), listing(20, obj("a", 3)))
    server.script_watch(PATH, gone, Stream())
    async with watching(api) as watch:
        told = [event for event in await watch.take(5 if isinstance(gone, Stream) else 4) if event != "connected"]
    assert told == ["listed a@3 b@5", "lost 410", "listed a@3"]
    assert [seen.params for seen in server.lists] == [QUORUM] * 2
    assert [seen.params["resourceVersion"] for seen in server.watches] == ["7", "20"]


async def test_contact_is_lost_until_the_new_watch_is_open_s7(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7), listing(20))
    server.script_watch(PATH, Stream(GONE), Stream())
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed", "connected", "lost 410", "listed", "connected"]


async def test_what_came_before_the_error_counts(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7), listing(20))
    server.script_watch(PATH, Stream(added("a", 8) + added("b", 9) + GONE))
    async with watching(api) as watch:
        assert await watch.take(6) == ["listed", "connected", "put a@8", "put b@9", "lost 410", "listed"]


async def test_later_lists_are_quorum_reads_even_when_the_first_of_them_fails_s7(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7), refuses(500), listing(20))
    server.script_watch(PATH, Stream(GONE))
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed", "connected", "lost 410", "lost 500", "listed"]
    assert [seen.params for seen in server.lists] == [QUORUM] * 3


async def test_server_that_has_always_forgotten_is_asked_less_and_less_often(api: Api, server: FakeServer) -> None:
    server.script(PATH, *(listing(7) for _ in range(6)))
    server.script_watch(PATH, *(refuses(410) for _ in range(5)))
    async with watching(api) as watch:
        await watch.take(11)
    assert watch.pauses == sorted(set(watch.pauses))


@pytest.mark.parametrize(
    "kind", [SERVICES, SLICES, NAMESPACES, SECRETS, LEASES, MULTI_CLUSTER_SERVICES], ids=lambda kind: kind.plural
)
async def test_error_in_the_stream_is_understood_for_every_kind(
    api: Api, server: FakeServer, kind: Kind[Object]
) -> None:
    """An ERROR's object is a Status, whose fields have other types than those of an object with the same names."""
    server.script(kind.path(), listing(7))
    server.script_watch(kind.path(), Stream(GONE))
    async with watching_scope(api, Scope(kind)) as watch:
        assert await watch.take(3) == ["listed", "connected", "lost 410"]
    assert "too old resource version" in str(watch.lost[0].error)


async def test_other_errors_in_the_stream_do_not_list_again(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7))
    server.script_watch(
        PATH, Stream(added("a", 8), in_stream_error(500, "InternalError", "etcd")), Stream(added("b", 9))
    )
    async with watching(api) as watch:
        assert await watch.take(6) == ["listed", "connected", "put a@8", "lost 500", "connected", "put b@9"]
    assert len(server.lists) == 1
    assert server.watches[1].params["resourceVersion"] == "8"
