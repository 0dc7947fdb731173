"""One request to an API server: what goes out, and what comes of the answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from landbridge import __version__
from landbridge.api.core import CONFIG_MAPS, NAMESPACES, SECRETS, SERVICES, ConfigMap
from landbridge.api.meta import Object, ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.kube.api import MERGE_PATCH, REQUEST_TIMEOUT, Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    GoneError,
    KubeError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
    UnreachableError,
)
from tests.unit.kube.certificates import Authority
from tests.unit.kube.clock import Clock
from tests.unit.kube.fake_server import (
    QUORUM,
    Body,
    FakeServer,
    Stream,
    hangs,
    listing,
    meta,
    obj,
    refuses,
    resets,
    says,
)

MAPS = "/api/v1/namespaces/shop/configmaps"
HERE = ObjectMeta(name="a", namespace="shop", resource_version="7")
SUCCESS: Body = {"kind": "Status", "metadata": {}, "status": "Success", "details": {"name": "a"}}
CALLS: dict[str, Callable[[Api], Awaitable[object]]] = {
    "get": lambda api: api.get(CONFIG_MAPS, "a", "shop"),
    "list": lambda api: api.list(CONFIG_MAPS, "shop"),
    "create": lambda api: api.create(CONFIG_MAPS, ConfigMap(HERE)),
    "replace": lambda api: api.replace(CONFIG_MAPS, ConfigMap(HERE)),
    "merge_patch": lambda api: api.merge_patch(CONFIG_MAPS, HERE, {}),
    "delete": lambda api: api.delete(CONFIG_MAPS, HERE),
}


async def test_get_reads_one_object(api: Api, server: FakeServer) -> None:
    server.script(f"{MAPS}/a", says(obj("a", 7, data={"k": "v"})))
    assert await api.get(CONFIG_MAPS, "a", "shop") == ConfigMap(HERE, data={"k": "v"})
    [seen] = server.seen
    assert (seen.method, seen.path, seen.params, seen.body) == ("GET", f"{MAPS}/a", {}, b"")


async def test_list_reads_all_objects_and_their_version(api: Api, server: FakeServer) -> None:
    server.script(MAPS, listing(9, obj("a", 7), obj("b", 8)))
    found = await api.list(CONFIG_MAPS, "shop")
    assert [item.metadata.name for item in found.items] == ["a", "b"]
    assert found.metadata.resource_version == "9"
    assert server.seen[0].params == QUORUM


async def test_list_asks_for_labels_and_fields(api: Api, server: FakeServer) -> None:
    server.script("/api/v1/configmaps", listing(9))
    await api.list(CONFIG_MAPS, selector="a=b,c notin (d)", field="metadata.name=a")
    assert server.seen[0].params == QUORUM | {"labelSelector": "a=b,c notin (d)", "fieldSelector": "metadata.name=a"}


async def test_create_posts_to_the_collection(api: Api, server: FakeServer) -> None:
    server.script(MAPS, says(obj("a", 7), 201))
    created = await api.create(CONFIG_MAPS, ConfigMap(ObjectMeta(name="a", namespace="shop"), data={"k": "v"}))
    assert created.metadata.resource_version == "7"
    [seen] = server.seen
    assert (seen.method, seen.headers["Content-Type"]) == ("POST", "application/json")
    assert seen.json == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "shop"},
        "data": {"k": "v"},
    }


async def test_replace_puts_on_top_of_the_version_last_seen_s5(api: Api, server: FakeServer) -> None:
    server.script(f"{MAPS}/a", says(obj("a", 8)))
    replaced = await api.replace(CONFIG_MAPS, ConfigMap(HERE, data={"k": "v"}))
    assert replaced.metadata.resource_version == "8"
    [seen] = server.seen
    assert (seen.method, seen.headers["Content-Type"]) == ("PUT", "application/json")
    assert seen.json["metadata"] == {"name": "a", "namespace": "shop", "resourceVersion": "7"}
    assert seen.json["data"] == {"k": "v"}


async def test_merge_patch_changes_the_very_version_it_was_made_for(api: Api, server: FakeServer) -> None:
    server.script(f"{MAPS}/a", says(obj("a", 8)))
    patch = {"metadata": {"labels": {"x": None}}, "data": {"k": "v"}}
    patched = await api.merge_patch(CONFIG_MAPS, HERE, patch)
    assert patched.metadata.resource_version == "8"
    [seen] = server.seen
    assert (seen.method, seen.headers["Content-Type"]) == ("PATCH", MERGE_PATCH)
    assert seen.json == {"metadata": {"labels": {"x": None}, "resourceVersion": "7"}, "data": {"k": "v"}}
    assert patch == {"metadata": {"labels": {"x": None}}, "data": {"k": "v"}}, "the caller's own stays as it was"


async def test_merge_patch_without_a_version_carries_none(api: Api, server: FakeServer) -> None:
    server.script(f"{MAPS}/a", says(obj("a", 8)))
    await api.merge_patch(CONFIG_MAPS, ObjectMeta(name="a", namespace="shop"), {"data": {"k": "v"}})
    assert server.seen[0].json == {"data": {"k": "v"}}


async def test_merge_patch_of_a_subresource(api: Api, server: FakeServer) -> None:
    path = "/apis/networking.one.alibabacloud.com/v1alpha1/namespaces/shop/multiclusterservices/a/status"
    server.script(path, says(obj("a", 8)))
    await api.merge_patch(MULTI_CLUSTER_SERVICES, HERE, {"status": {"endpoints": 1}}, "status")
    assert server.seen[0].json == {"status": {"endpoints": 1}, "metadata": {"resourceVersion": "7"}}


async def test_delete_takes_away_the_very_version_it_was_decided_for(api: Api, server: FakeServer) -> None:
    server.script(f"{MAPS}/a", says(SUCCESS))
    await api.delete(CONFIG_MAPS, HERE)
    [seen] = server.seen
    assert (seen.method, seen.headers["Content-Type"]) == ("DELETE", "application/json")
    assert seen.json == {"preconditions": {"resourceVersion": "7"}}


async def test_delete_without_a_version_has_no_condition(api: Api, server: FakeServer) -> None:
    server.script(f"{MAPS}/a", says(SUCCESS))
    await api.delete(CONFIG_MAPS, ObjectMeta(name="a", namespace="shop"))
    assert [(seen.method, seen.path, seen.body) for seen in server.seen] == [("DELETE", f"{MAPS}/a", b"")]


async def test_delete_tells_what_somebodys_finalizer_holds(api: Api, server: FakeServer) -> None:
    ended = meta("a", 8, deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["somebody/s"])
    server.script(f"{MAPS}/a", says({"metadata": ended}, 202))
    held = await api.delete(CONFIG_MAPS, HERE)
    assert held is not None
    assert held.metadata.resource_version == "8"


@pytest.mark.parametrize("gone", [SUCCESS, obj("a", 7)], ids=["a Status", "the object as it last was"])
async def test_delete_tells_that_the_object_is_gone(api: Api, server: FakeServer, gone: Body) -> None:
    """The answer depends on the kind; a Status's own fields have types that the kind's have not."""
    path = "/apis/networking.one.alibabacloud.com/v1alpha1/namespaces/shop/multiclusterservices/a"
    server.script(path, says(gone))
    assert await api.delete(MULTI_CLUSTER_SERVICES, HERE) is None


async def test_cluster_scoped_kinds_have_no_namespace_in_their_path(api: Api, server: FakeServer) -> None:
    server.script("/api/v1/namespaces/shop", says({"metadata": {"name": "shop"}}))
    assert await api.get(NAMESPACES, "shop") == Object(ObjectMeta(name="shop"))


async def test_server_may_live_below_a_path(server: FakeServer, authority: Authority) -> None:
    server.script("/k8s/clusters/c-1/api/v1/services", listing(9))
    async with Api(ServerConfig(f"{server.url}/k8s/clusters/c-1", ca=authority.pem)) as api:
        assert (await api.list(SERVICES)).metadata.resource_version == "9"


async def test_says_who_asks(api: Api, server: FakeServer) -> None:
    server.script(MAPS, listing(9))
    await api.list(CONFIG_MAPS, "shop")
    headers = server.seen[0].headers
    assert headers["User-Agent"] == f"landbridge/{__version__}"
    assert headers["Authorization"] == "Bearer first"
    assert headers["Accept"] == "application/json"


async def test_renewed_token_serves_the_next_request_s8(api: Api, server: FakeServer, tokens: StaticToken) -> None:
    server.script(MAPS, listing(9), listing(9))
    await api.list(CONFIG_MAPS, "shop")
    tokens.value = "second"
    await api.list(CONFIG_MAPS, "shop")
    assert [seen.headers["Authorization"] for seen in server.seen] == ["Bearer first", "Bearer second"]


async def test_renewed_token_serves_the_next_watch_s8(api: Api, server: FakeServer, tokens: StaticToken) -> None:
    server.script_watch(MAPS, Stream())
    tokens.value = "second"
    async with api.stream(MAPS, {"watch": "true"}, 30):
        assert server.seen[0].headers["Authorization"] == "Bearer second"


async def test_s8_after_a_refusal_the_next_request_carries_the_token_that_worked(
    api: Api, server: FakeServer, tokens: StaticToken
) -> None:
    server.script(MAPS, listing(9), refuses(401, "Unauthorized"), listing(9))
    await api.list(CONFIG_MAPS, "shop")
    tokens.value = "second"
    with pytest.raises(UnauthorizedError):
        await api.list(CONFIG_MAPS, "shop")
    await api.list(CONFIG_MAPS, "shop")
    sent = [seen.headers["Authorization"] for seen in server.seen]
    assert sent == ["Bearer first", "Bearer second", "Bearer first"]


async def test_without_a_token_no_credentials_are_sent(api: Api, server: FakeServer, tokens: StaticToken) -> None:
    server.script(MAPS, listing(9))
    tokens.value = None
    await api.list(CONFIG_MAPS, "shop")
    assert "Authorization" not in server.seen[0].headers


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (400, "BadRequest", ApiError),
        (401, "Unauthorized", UnauthorizedError),
        (403, "Forbidden", ForbiddenError),
        (404, "NotFound", NotFoundError),
        (409, "AlreadyExists", ConflictError),
        (410, "Expired", GoneError),
        (422, "Invalid", ApiError),
        (429, "TooManyRequests", TooManyRequestsError),
        (500, "InternalError", ApiError),
    ],
)
async def test_refusal_is_an_error_of_its_own_with_the_servers_words(
    api: Api, server: FakeServer, status: int, reason: str, error: type[ApiError]
) -> None:
    server.script(MAPS, refuses(status, reason, "because I say so"))
    with pytest.raises(ApiError, match="because I say so") as caught:
        await api.list(CONFIG_MAPS, "shop")
    assert type(caught.value) is error
    assert (caught.value.status, caught.value.reason) == (status, reason)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None), ("", None)]
)
async def test_tells_how_long_the_server_asks_to_wait(
    api: Api, server: FakeServer, header: str, seconds: float | None
) -> None:
    server.script(MAPS, refuses(429, "TooManyRequests", Retry_After=header))
    with pytest.raises(ApiError) as caught:
        await api.list(CONFIG_MAPS, "shop")
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"", "HTTP status 502"),
        (b"[]", "[]"),
        (b'{"code":"x"}', '{"code":"x"}'),
        (b"\xff\xfe" * 500, "�" * 61 + "... (939 more)"),
    ],
    ids=["html", "empty", "list", "wrong types", "binary"],
)
async def test_refusal_by_something_that_is_no_api_server_is_told_too(
    api: Api, server: FakeServer, body: bytes, text: str
) -> None:
    server.script(MAPS, says(body, 502))
    with pytest.raises(ApiError) as caught:
        await api.list(CONFIG_MAPS, "shop")
    assert (caught.value.status, str(caught.value)) == (502, text)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_every_call_tells_a_refusal(
    api: Api, server: FakeServer, call: Callable[[Api], Awaitable[object]]
) -> None:
    for path in (MAPS, f"{MAPS}/a"):
        server.script(path, refuses(409, "Conflict", "was changed"))
    with pytest.raises(ConflictError, match="was changed"):
        await call(api)


@pytest.mark.parametrize("call", CALLS)
async def test_answer_that_cannot_be_read_is_told_as_trouble_with_the_server(
    api: Api, server: FakeServer, call: str
) -> None:
    for path in (MAPS, f"{MAPS}/a"):
        server.script(path, says(b"<html>please log in</html>"))
    with pytest.raises(KubeError, match=server.url):
        await CALLS[call](api)


async def test_redirect_is_not_followed(api: Api, server: FakeServer) -> None:
    """A member that is not trusted must not lead the controller's requests elsewhere."""
    server.script(MAPS, says(b"", 302, Location="/elsewhere"))
    server.script("/elsewhere", listing(9))
    with pytest.raises(ApiError) as caught:
        await api.list(CONFIG_MAPS, "shop")
    assert caught.value.status == 302
    assert [seen.path for seen in server.seen] == [MAPS]


async def test_server_that_refuses_connections_is_unreachable(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with Api(ServerConfig(f"http://127.0.0.1:{port}", ca=authority.pem)) as api:
        with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}"):
            await api.list(SERVICES)


async def test_server_that_resets_connections_is_unreachable(api: Api, server: FakeServer) -> None:
    server.script(MAPS, resets, resets)
    with pytest.raises(UnreachableError, match=server.url):
        await api.list(CONFIG_MAPS, "shop")


async def test_name_that_does_not_resolve_is_unreachable(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with Api(ServerConfig("https://nowhere.invalid:6443", ca=authority.pem)) as api:
        with pytest.raises(UnreachableError, match=r"nowhere\.invalid"):
            await api.list(SERVICES)


async def test_server_that_does_not_answer_in_time_is_unreachable(api: Api, server: FakeServer, clock: Clock) -> None:
    server.script(MAPS, hangs)
    asking = asyncio.create_task(api.request("GET", MAPS))
    await server.asked(1)
    clock.advance(REQUEST_TIMEOUT / 2)  # the rest is room for a busy machine
    await asyncio.sleep(0)
    assert not asking.done()
    clock.advance(REQUEST_TIMEOUT)
    with pytest.raises(UnreachableError, match=r"no answer from http://127.*: \w+"):
        await asking


async def test_answer_cut_off_in_the_middle_is_unreachable(api: Api, server: FakeServer) -> None:
    server.script(MAPS, Stream(b'{"metadata":{},"ite').cut())
    with pytest.raises(UnreachableError):
        await api.list(CONFIG_MAPS, "shop")


async def test_refused_stream_is_told_like_any_refusal(api: Api, server: FakeServer) -> None:
    server.script_watch(MAPS, refuses(403, "Forbidden", "may not watch"))
    with pytest.raises(ForbiddenError, match="may not watch"):
        async with api.stream(MAPS, {"watch": "true"}, 30):
            pass


async def test_needs_its_context() -> None:
    with pytest.raises(RuntimeError):
        await Api(ServerConfig("https://127.0.0.1:1")).list(SERVICES)


async def test_names_in_a_path_stay_one_segment(api: Api, server: FakeServer) -> None:
    server.script("/api/v1/namespaces/shop/secrets/a:b", says(obj("a:b", 7)))
    assert (await api.get(SECRETS, "a:b", "shop")).metadata.name == "a:b"


async def test_errors_do_not_quote_the_token(api: Api, server: FakeServer, tokens: StaticToken) -> None:
    tokens.value = "s3cr3t"
    server.script(MAPS, refuses(401, "Unauthorized", "who are you"), resets, resets)
    for _ in range(2):
        with pytest.raises(KubeError) as caught:
            await api.list(CONFIG_MAPS, "shop")
        assert "s3cr3t" not in repr(caught.value)
    assert "s3cr3t" not in repr(api)
