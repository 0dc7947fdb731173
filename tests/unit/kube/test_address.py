"""What may be connected to, so that a connection can only fail in ways that are expected."""

from __future__ import annotations

import socket

import pytest

from landbridge.kube.address import flaw, usable_host, usable_token
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import UnreachableError


@pytest.mark.parametrize(
    "server",
    [
        "https://10.0.0.1",
        "https://[fd00::1]:6443",
        "https://east.example:6443",
        "https://east.example.:6443",
        "https://east.example/k8s/clusters/c-1",
        "https://bücher.example",
    ],
)
def test_an_https_url_of_a_host_is_an_address(server: str) -> None:
    assert flaw(server) == ""


@pytest.mark.parametrize(
    "server",
    [
        "",
        "http://east:8001",
        "east:6443",
        "https://",
        "https://:6443",
        "https://east:port",
        "https://east:0",
        "https://east:65536",
        "https://[fd00::1",
        "https://[east]",
        "https://a..b",
        "https://.a",
        "https://" + "a" * 64,
        "https://" + "é" * 60,
        "https://\u00ad",
        "https://a\\b",
        "https://east:6443\n",
        " https://east:6443",
        "https://ea st",
        "https://east/\x00",
        "https://u:secretpw@east",
        "https://@east",
        "https://u:secretpw@[east",
        "https://east?token=secretpw",
        "https://east#secretpw",
    ],
)
def test_anything_else_is_none_and_is_not_quoted(server: str) -> None:
    assert flaw(server)
    assert "secretpw" not in flaw(server)


@pytest.mark.parametrize("name", ["", ".", "a..b", ".a", "a" * 64, "a b", "a\n", "\u00ad"])
def test_a_name_without_usable_labels_is_no_host(name: str) -> None:
    assert not usable_host(name)


@pytest.mark.parametrize("name", ["east", "east.example", "10.0.0.1", "fd00::1", "kubernetes.default.svc"])
def test_names_and_addresses_are_hosts(name: str) -> None:
    assert usable_host(name)


@pytest.mark.parametrize("token", ["", "a\n", "a b", "a\x00", "a\x7f", "é"])
def test_what_no_header_can_carry_is_no_token(token: str) -> None:
    assert not usable_token(token)


@pytest.mark.parametrize("server", ["https://east:1", "https://east.example/path", "https://bücher.example"])
async def test_what_passes_fails_as_a_connection_does(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(host: str, *_: object, **__: object) -> None:
        host.encode("idna")  # as the real one does
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert not flaw(server)
    async with Api(ServerConfig(server, tls_server_name="a" * 63), StaticToken("token")) as api:
        with pytest.raises(UnreachableError):
            await api.request("GET", "/version")
