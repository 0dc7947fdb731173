"""The proxy on the way to an API server: given with its address, or by the environment, as Go's programs read it."""

from __future__ import annotations

import base64
import ipaddress
import os
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from yarl import URL

from landbridge.kube.address import usable_host


class Way(NamedTuple):
    """Where to ask for a tunnel, and with which headers: its password is in these alone, which nothing shows."""

    proxy: URL
    headers: dict[str, str]


def wrong_proxy(proxy: str) -> str:
    """Why a URL is no proxy to use; empty if it is one. It is never quoted: it may hold a password."""
    try:
        url = URL(proxy)
        usable = bool(proxy.isascii() and proxy.isprintable() and url.port != 0 and usable_host(url.raw_host or ""))
    except ValueError:
        usable, url = False, URL()
    if url.scheme.startswith("socks"):
        return "SOCKS is not supported: give an HTTP proxy, as http://host:port"
    if not usable or url.scheme not in ("http", "https") or " " in proxy:
        return "it is not a URL as http://host:port"
    return ""


def way(proxy: str) -> Way:
    """How to use a proxy that is not `wrong_proxy`."""
    url = URL(proxy)
    headers = {}
    if url.raw_user is not None:
        pair = f"{unquote(url.raw_user)}:{unquote(url.raw_password or '')}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Way(url.with_user(None).with_path("/") if url.raw_host else url, headers)


def told(proxy: str) -> str:
    """A proxy as it may be shown: without user, password and all else that could be secret."""
    return str(way(proxy).proxy.origin())


def from_environment(server: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The proxy of $HTTPS_PROXY, unless the server is this machine, or $NO_PROXY names it.

    As golang.org/x/net/http/httpproxy has it, so that kubectl and we go the same way. It may be `wrong_proxy`.
    """
    proxy = environment.get("HTTPS_PROXY") or environment.get("https_proxy") or ""
    url = URL(server)
    if (
        not proxy
        or _local(url.host or "")
        or _excepted(url, environment.get("NO_PROXY") or environment.get("no_proxy"))
    ):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _local(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or bool(address and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _excepted(url: URL, exceptions: str | None) -> bool:
    return any(_matches(part.strip().lower(), url) for part in (exceptions or "").split(","))


def _matches(part: str, url: URL) -> bool:
    """Whether an entry of $NO_PROXY means a server: ``*``, a network, an address or a domain, maybe with a port."""
    if part == "*":
        return True
    host, address = (url.host or "").lower(), _address(url.host or "")
    if "/" in part:
        return address is not None and _within(address, part)
    name, port = _split(part)
    if not name or port not in ("", str(url.port)):
        return False
    if (one := _address(name)) is not None:
        return address == one
    name = name.removeprefix("*") if name.startswith("*.") else name
    return host.endswith(name if name.startswith(".") else f".{name}") or host == name


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _split(part: str) -> tuple[str, str]:
    """Host and port of ``host``, ``host:port``, ``address``, ``[address]`` and ``[address]:port``."""
    if _address(part) is not None:
        return part, ""
    name, colon, port = part.rpartition(":")
    if not colon or part.endswith("]"):
        name, port = part, ""
    return name.removeprefix("[").removesuffix("]"), port
