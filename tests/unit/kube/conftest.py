from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

import pytest

from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.patience import Patience
from tests.unit.kube.certificates import Authority
from tests.unit.kube.clock import Clock
from tests.unit.kube.fake_server import FakeServer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """A test here that waits for something that does not come, fails soon."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(min(20.0, item.config.getoption("timeout") or 20.0)))


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def server() -> AsyncGenerator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def tokens() -> StaticToken:
    return StaticToken("first")


@pytest.fixture
async def api(server: FakeServer, tokens: StaticToken, authority: Authority) -> AsyncGenerator[Api]:
    config = ServerConfig(server.url, ca=authority.pem)  # a CA given is quicker than the machine's
    async with Api(config, tokens, Patience(uniform=lambda least, most: most)) as api:
        yield api


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    loop = asyncio.get_running_loop()
    clock = Clock(loop)
    monkeypatch.setattr(loop, "time", clock)
    return clock
