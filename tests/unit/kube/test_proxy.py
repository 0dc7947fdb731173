"""The way to an API server may lead through a proxy, which sees where we go and nothing of what we say there."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from landbridge.api.core import SERVICES
from landbridge.kube.api import Api
from landbridge.kube.config import ConfigError, ServerConfig
from landbridge.kube.errors import UnreachableError
from landbridge.kube.proxy import from_environment, told, way, wrong_proxy
from tests.unit.kube.certificates import Authority
from tests.unit.kube.connect_proxy import ConnectProxy
from tests.unit.kube.fake_server import FakeServer, listing
from tests.unit.kube.test_tls import serving

PROXY = "http://proxy:3128"
BASIC = f"Basic {base64.b64encode(b'me:s3cr3t/word').decode()}"


@pytest.mark.parametrize(
    ("server", "exceptions", "through"),
    [
        ("https://api.example:6443", "", True),
        ("https://localhost:6443", "", False),
        ("https://127.0.0.2:6443", "", False),
        ("https://[::1]:6443", "", False),
        ("https://api.example:6443", "*", False),
        ("https://api.example:6443", "other, example ", False),
        ("https://example:6443", "example", False),
        ("https://anexample:6443", "example", True),
        ("https://example:6443", ".example", True),
        ("https://api.example:6443", ".example", False),
        ("https://api.example:6443", "*.example", False),
        ("https://api.example:6443", "EXAMPLE:6443", False),
        ("https://api.example:6443", "example:443", True),
        ("https://api.example", "example:443", False),
        ("https://10.1.2.3:6443", "10.0.0.0/8", False),
        ("https://11.1.2.3:6443", "10.0.0.0/8,10.0.0.0/99,/", True),
        ("https://10.1.2.3:6443", "10.1.2.3", False),
        ("https://10.1.2.3:6443", "10.1.2.3:443", True),
        ("https://10.1.2.3:6443", "1.2.3", False),
        ("https://[fd00::1]:6443", "fd00::/8", False),
        ("https://[fd00::1]:6443", "[fd00::1]:6443", False),
        ("https://[fd00::1]:6443", "fd00::1", False),
        ("https://api.example:6443", ":6443", True),
    ],
)
def test_the_environment_is_read_as_go_reads_it(server: str, exceptions: str, through: bool) -> None:
    for names in (("HTTPS_PROXY", "NO_PROXY"), ("https_proxy", "no_proxy")):
        environment = dict(zip(names, (PROXY, exceptions), strict=True))
        assert from_environment(server, environment) == (PROXY if through else None)


def test_a_proxy_without_scheme_speaks_http_and_that_of_plain_http_is_no_matter() -> None:
    assert from_environment("https://a", {"HTTPS_PROXY": "proxy:3128"}) == PROXY
    assert from_environment("https://a", {"HTTP_PROXY": PROXY, "ALL_PROXY": PROXY}) is None


@pytest.mark.parametrize(
    "proxy",
    [
        "",
        "proxy",
        "proxy:3128",
        "ftp://proxy",
        "http://",
        "http://s3cr3t@",
        "http://pro xy",
        "http://a\nb",
        "http://a:0",
    ],
)
def test_what_is_no_proxy_is_told_and_not_quoted(proxy: str) -> None:
    assert "http://host:port" in wrong_proxy(proxy)
    assert "s3cr3t" not in wrong_proxy(proxy)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
def test_socks_is_refused_with_what_to_give(scheme: str) -> None:
    assert "SOCKS is not supported: give an HTTP proxy" in wrong_proxy(f"{scheme}://proxy:1080")


def test_a_password_is_in_a_header_and_shown_nowhere() -> None:
    proxy = "http://me:s3cr3t%2Fword@proxy:3128/s3cr3t?s3cr3t"
    assert way(proxy).headers == {"Proxy-Authorization": BASIC}
    assert told(proxy) == PROXY
    assert "s3cr3t" not in str(way(proxy).proxy.origin()) + repr(ServerConfig("https://a", proxy=proxy))


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
async def test_requests_go_through_a_tunnel_with_tls_to_the_server(
    authority: Authority, tmp_path: Path, tls: bool
) -> None:
    context = serving(authority, tmp_path, "127.0.0.1")
    async with FakeServer(context) as server, ConnectProxy(context if tls else None, BASIC) as proxy:
        server.script(SERVICES.path(), listing(1), listing(1))
        url = proxy.url.replace("://", "://me:s3cr3t%2Fword@")
        async with Api(ServerConfig(server.url, ca=authority.pem, token="t0ken", proxy=url)) as api:
            assert (await api.list(SERVICES)).metadata.resource_version == "1"
            await api.list(SERVICES)
    assert proxy.asked == [server.url.removeprefix("https://")]
    assert not any("t0ken" in value for headers in proxy.headers for value in headers.values())
    assert server.seen[0].headers["Authorization"] == "Bearer t0ken"
    assert "Proxy-Authorization" not in server.seen[0].headers


async def test_the_name_to_expect_holds_through_a_proxy(authority: Authority, tmp_path: Path) -> None:
    async with FakeServer(serving(authority, tmp_path, "kubernetes")) as server, ConnectProxy() as proxy:
        server.script(SERVICES.path(), listing(1))
        async with Api(ServerConfig(server.url, authority.pem, "kubernetes", proxy=proxy.url)) as api:
            await api.list(SERVICES)
        async with Api(ServerConfig(server.url, authority.pem, proxy=proxy.url)) as api:
            with pytest.raises(UnreachableError, match="certificate"):
                await api.list(SERVICES)


async def test_a_proxy_that_refuses_is_named_without_its_password(authority: Authority) -> None:
    async with ConnectProxy(authorization=BASIC) as proxy:
        config = ServerConfig("https://127.0.0.1:1", authority.pem, proxy=proxy.url.replace("//", "//me:wr0ng@"))
        async with Api(config) as api:
            with pytest.raises(UnreachableError, match=f"through proxy {proxy.url}: 407") as error:
                await api.list(SERVICES)
        assert "wr0ng" not in str(error.value)


async def test_a_proxy_that_is_away_is_named(authority: Authority) -> None:
    async with Api(ServerConfig("https://a", authority.pem, proxy="http://me:s3cr3t@127.0.0.1:1")) as api:
        with pytest.raises(
            UnreachableError, match=r"no answer from https://a through proxy http://127.0.0.1:1"
        ) as error:
            await api.list(SERVICES)
    assert "s3cr3t" not in str(error.value)


async def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ConnectProxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.authority)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with Api(ServerConfig("https://cluster.invalid:6443")) as api:
            with pytest.raises(UnreachableError, match="through proxy"):
                await api.list(SERVICES)
        assert set(proxy.asked) == {"cluster.invalid:6443"}


def test_a_proxy_of_the_environment_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://me:s3cr3t@proxy")
    with pytest.raises(ConfigError, match=r"\$HTTPS_PROXY cannot be used: SOCKS") as error:
        Api(ServerConfig("https://cluster.invalid"))
    assert "s3cr3t" not in str(error.value)
