"""An object that cannot be read costs only itself (rule S15), and is not gone (rule S7)."""

from __future__ import annotations

import msgspec
import pytest

from landbridge.api.core import SERVICES
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.kube.api import Api
from landbridge.kube.errors import UnreachableError
from landbridge.kube.lenient import COUNTED
from landbridge.kube.listing import PAGE
from landbridge.kube.unreadable import MOST
from landbridge.kube.watch import Scope
from tests.unit.kube.clock import Clock
from tests.unit.kube.fake_server import (
    Answer,
    FakeServer,
    Stream,
    added,
    bookmark,
    deleted,
    listing,
    meta,
    modified,
    obj,
    page,
    says,
)
from tests.unit.kube.watching import PATH, WHOLE, watching, watching_scope

DEEP = b"[" * 10_000 + b"]" * 10_000
"""As deep as an API server takes it where unknown fields are kept."""

ODD: dict[str, tuple[bytes, str]] = {
    "wrong type": (b'{"metadata":{"name":"x","namespace":"shop","resourceVersion":"8"},"spec":7}', "x@8"),
    "wrong labels": (b'{"metadata":{"labels":[],"name":"x","namespace":"shop","resourceVersion":"8"}}', "x@8"),
    "deep": (b'{"spec":{"a":"}\\"","clusterIP":%s},"metadata":{"name":"x","resourceVersion":"8"}}' % DEEP, "x@8"),
    "deep labels": (b'{"metadata":{"name":"x","labels":%s , "resourceVersion" : "8"}}' % DEEP, "x@8"),
    "no UTF-8": (b'{"metadata":{"name":"x","resourceVersion":"8"},"spec":{"clusterIP":"\xff"}}', "x@8"),
    "no name": (b'{"metadata":{"resourceVersion":"8"}}', "?@8"),
    "odd name": (b'{"metadata":{"name":["x"],"resourceVersion":"8"}}', "?@8"),
    "odd namespace": (b'{"metadata":{"name":"x","namespace":7,"resourceVersion":"8"}}', "?@8"),
    "odd version": (b'{"metadata":{"name":"x","resourceVersion":8}}', "x@"),
    "version that is no number": (b'{"metadata":{"name":"x","resourceVersion":"8a"}}', "x@"),
    "no version": (b'{"metadata":{"name":"x"}}', "x@"),
    "no metadata": (b"{}", "?@"),
    "null": (b"null", "?@"),
    "odd metadata": (b'{"metadata":"x"}', "?@"),
}
odd = pytest.mark.parametrize(("raw", "told"), ODD.values(), ids=ODD)


def raw_list(*items: bytes) -> Answer:
    return says(b'{"kind":"List","metadata":{"resourceVersion":"9"},"items":[' + b", ".join(items) + b"]}")


def raw_line(kind: bytes, raw: bytes) -> bytes:
    return b'{"type":"' + kind + b'","object":' + raw + b"}\n"


def plain(name: str, version: int) -> bytes:
    return msgspec.json.encode(obj(name, version))


@odd
async def test_s15_list_is_read_but_for_what_cannot_be(api: Api, server: FakeServer, raw: bytes, told: str) -> None:
    server.script(PATH, raw_list(plain("a", 3), raw, plain("b", 4)))
    async with watching(api) as watch:
        assert await watch.take(1) == [f"listed a@3 b@4 {told[0]}!"]


@odd
async def test_s15_watch_goes_on_after_what_cannot_be_read(api: Api, server: FakeServer, raw: bytes, told: str) -> None:
    server.script(PATH, listing(7))
    server.script_watch(PATH, Stream(added("a", 8) + raw_line(b"MODIFIED", raw) + modified("a", 9)))
    async with watching(api) as watch:
        assert await watch.take(5) == ["listed", "connected", "put a@8", f"unread {told}", "put a@9"]


@pytest.mark.parametrize(("which", "told"), [("wrong type", "Service shop/x"), ("no name", "Service without a name")])
async def test_list_of_which_nothing_may_be_left_out_says_what_cannot_be_read_s7(
    api: Api, server: FakeServer, which: str, told: str
) -> None:
    server.script(PATH, raw_list(plain("a", 3), ODD[which][0]))
    with pytest.raises(UnreachableError, match=f"{server.url}: {told} cannot be read: .+"):
        await api.list(SERVICES)


@pytest.mark.parametrize("which", ["wrong type", "deep", "no UTF-8", "null"])
async def test_s15_answer_that_cannot_be_read_is_trouble_with_the_server(
    api: Api, server: FakeServer, which: str
) -> None:
    server.script(f"{PATH}/x", says(ODD[which][0]))
    with pytest.raises(UnreachableError, match=server.url):
        await api.get(SERVICES, "x")


@pytest.mark.parametrize("which", ["wrong type", "deep", "no UTF-8"])
async def test_deletion_is_heeded_where_it_says_of_what_s7(api: Api, server: FakeServer, which: str) -> None:
    server.script(PATH, listing(7))
    server.script_watch(PATH, Stream(raw_line(b"DELETED", ODD[which][0])))
    async with watching(api) as watch:
        assert await watch.take(3) == ["listed", "connected", "deleted x@8"]


@pytest.mark.parametrize("which", ["no name", "odd version"])
async def test_deletion_of_nobody_knows_what_is_none_s7(api: Api, server: FakeServer, which: str) -> None:
    server.script(PATH, listing(7))
    raw, told = ODD[which]
    server.script_watch(PATH, Stream(raw_line(b"DELETED", raw)))
    async with watching(api) as watch:
        assert await watch.take(3) == ["listed", "connected", f"unread {told}"]


async def test_after_what_has_no_version_a_list_follows_within_90_seconds_s7(
    api: Api, server: FakeServer, clock: Clock
) -> None:
    server.script(PATH, listing(7), listing(60))
    streams = [Stream(bookmark(50 + n)).lives(clock, WHOLE).end() for n in range(4)]
    server.script_watch(PATH, Stream(raw_line(b"DELETED", b"{}")).lives(clock, WHOLE).end(), *streams)
    async with watching(api) as watch:
        told = await watch.take(9)
    assert told.count("listed") == 2


async def test_s15_server_of_which_hardly_anything_can_be_read_is_lost(api: Api, server: FakeServer) -> None:
    """Taken for what it seems to be, a list of nonsense would be an empty one."""
    server.script(PATH, raw_list(plain("a", 3), *[b"{}"] * (MOST + 1)), listing(7))
    async with watching(api) as watch:
        assert await watch.take(2) == ["lost TooManyUnreadableError", "listed"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"metadata":{},"items":[]}',
        b'{"metadata":{"resourceVersion":"x"},"items":[]}',
        b'{"metadata":{"resourceVersion":7},"items":[{}]}',
        b'{"metadata":{"resourceVersion":"7"},"items":{}}',
        b'{"metadata":{"resourceVersion":"7"},"items":null}',
        b'{"items":' + b"[" * 30_000,
        b"[" * 30_000,
        b"null",
        b"",
        b'{"kind":"Status","metadata":{},"status":"Success"}',
    ],
)
async def test_s15_what_is_no_list_is_none(api: Api, server: FakeServer, body: bytes) -> None:
    server.script(PATH, says(body), listing(7))
    async with watching(api) as watch:
        assert await watch.take(2) == ["lost UnreachableError", "listed"]


def deep_one(version: int, deep: bytes = DEEP) -> bytes:
    """Fields of other tools are kept in its spec, and anybody who may write one may write this."""
    spec = b'{"providerClusters":[{"name":"a"}],"more":%s,"consumerClusters":[{"name":"b"}]}' % deep
    return b'{"spec":%s,"metadata":%s}' % (spec, msgspec.json.encode(meta("x", version)))


@pytest.mark.parametrize("deep", [DEEP, b"[%s%s]" % (DEEP, b",{}" * 400_000)], ids=["deep", "deep and broad"])
async def test_s15_one_deep_multi_cluster_service_is_read(api: Api, server: FakeServer, deep: bytes) -> None:
    kind = MULTI_CLUSTER_SERVICES
    server.script(kind.path(), raw_list(plain("a", 3), deep_one(8, deep)))
    server.script_watch(kind.path(), Stream(raw_line(b"MODIFIED", deep_one(10, deep)), added("b", 11)))
    async with watching_scope(api, Scope(kind)) as watch:
        assert await watch.take(4) == ["listed a@3 x@8", "connected", "put x@10", "put b@11"]
    server.script(kind.path("shop", "x"), says(deep_one(10, deep)))
    assert (await api.get(kind, "x", "shop")).spec.clusters == ("a", "b")


async def test_s15_many_deep_ones_are_read_in_smaller_pages(api: Api, server: FakeServer) -> None:
    """What cannot be looked at all at once may be what hides everything else."""
    kind = MULTI_CLUSTER_SERVICES
    deep = [deep_one(8)] * (COUNTED // len(DEEP) + 1)
    server.script(kind.path(), raw_list(*deep), raw_list(*deep[: PAGE // 4 // 2]))
    assert {one.spec.clusters for one in (await api.list(kind)).items} == {("a", "b")}
    assert [seen.params["limit"] for seen in server.lists] == ["500", "125"]


def odd_lines(first: int, count: int) -> bytes:
    return b"".join(added(f"odd-{n}", n, spec=7) for n in range(first, first + count))


async def test_s15_server_that_goes_on_and_on_sending_what_cannot_be_read_is_lost_and_listed_anew(
    api: Api, server: FakeServer
) -> None:
    server.script(PATH, listing(7), listing(5000, obj("a", 3)))
    server.script_watch(PATH, Stream(odd_lines(8, MOST), odd_lines(8 + MOST, 1)), Stream(odd_lines(5001, 1)))
    async with watching(api) as watch:
        assert (await watch.take(2 + MOST))[-1] == f"unread odd-{7 + MOST}@{7 + MOST}"
        assert await watch.take(3) == ["lost TooManyUnreadableError", "listed a@3", "connected"]
        assert server.url in str(watch.lost[0].error)
        assert await watch.take(1) == ["unread odd-5001@5001"], "which has as much room as the first list"


async def test_s15_what_can_be_read_again_or_is_gone_takes_no_room(api: Api, server: FakeServer) -> None:
    server.script(PATH, listing(7))
    again = modified("odd-8", 2000), deleted("odd-9", 2001, spec=7)
    server.script_watch(PATH, Stream(odd_lines(8, MOST), *again, odd_lines(2002, 2), odd_lines(2004, 1)))
    async with watching(api) as watch:
        assert (await watch.take(2 + MOST + 5))[2 + MOST :] == [
            "put odd-8@2000",
            "deleted odd-9@2001",
            "unread odd-2002@2002",
            "unread odd-2003@2003",
            "lost TooManyUnreadableError",
        ]


async def test_s15_server_whose_pages_have_too_much_together_that_cannot_be_read_is_lost(
    api: Api, server: FakeServer
) -> None:
    """However few there are on each."""
    count = MOST // PAGE
    for n in range(count + 1):
        odd = [obj(f"odd-{n}-{one}", 3, spec=7) for one in range(PAGE if n < count else 1)]
        server.script(PATH, page(9, f"t{n}" if n < count else "", *odd))
    server.script(PATH, listing(9))
    async with watching(api) as watch:
        assert await watch.take(2) == ["lost TooManyUnreadableError", "listed"]
