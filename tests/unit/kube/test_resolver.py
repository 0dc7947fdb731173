"""Names of one server keep nobody else waiting (rule S15)."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from landbridge.api.core import SERVICES
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.errors import KubeError, UnreachableError
from landbridge.kube.resolver import Resolver
from tests.unit.kube.certificates import Authority
from tests.unit.kube.fake_server import FakeServer, listing

PATIENCE = 10.0
"""Seconds that a name server takes which does not answer."""


class Dns:
    """Every name is 127.0.0.1, but for ``dead``, which is not answered until ``answers``."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.answers = threading.Event()
        self._real = socket.getaddrinfo

    def __call__(self, host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "dead":
            return self._real("127.0.0.1", *args, **kwargs)
        self.asked.set()
        self.answers.wait(PATIENCE)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    async def until_asked(self) -> None:
        while not self.asked.is_set():
            await asyncio.sleep(0.001)


@pytest.fixture
async def dns(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Dns]:
    """The event loop has one thread for everybody, which stands for any number."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    dns = Dns()
    monkeypatch.setattr(socket, "getaddrinfo", dns)
    yield dns
    dns.answers.set()


def named(host: str, server: FakeServer, authority: Authority) -> Api:
    return Api(ServerConfig(server.url.replace("127.0.0.1", host), ca=authority.pem))


async def test_s15_name_that_dns_does_not_answer_keeps_no_other_cluster_waiting(
    server: FakeServer, authority: Authority, dns: Dns
) -> None:
    server.script(SERVICES.path(), listing(7))
    async with named("dead", server, authority) as dead, named("alive", server, authority) as alive:
        asking = asyncio.create_task(dead.list(SERVICES))
        await dns.until_asked()
        async with asyncio.timeout(PATIENCE / 2):
            assert (await alive.list(SERVICES)).metadata.resource_version == "7"
        dns.answers.set()
        with pytest.raises(UnreachableError, match="name resolution"):
            await asking


async def test_s15_end_of_a_connection_does_not_wait_for_dns(
    server: FakeServer, authority: Authority, dns: Dns
) -> None:
    async with named("dead", server, authority) as dead:
        asking = asyncio.create_task(dead.list(SERVICES))
        await dns.until_asked()
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < PATIENCE / 2
    asking.cancel()
    with suppress(asyncio.CancelledError, KubeError):
        await asking


async def test_address_keeps_the_zone_it_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a link-local one leads nowhere."""
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 443, 0, socket.if_nametoindex("lo"))),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    resolver = Resolver()
    addresses = await resolver.resolve("kubernetes", 443)
    await resolver.close()
    assert [(one["host"], one["port"], one["hostname"]) for one in addresses] == [
        ("fe80::1%lo", 443, "kubernetes"),
        ("10.0.0.1", 443, "kubernetes"),
    ]
