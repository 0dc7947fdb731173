"""Something else answers at the address, as a captive portal does: 200, and a page for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import pytest

from landbridge.enroll.leftovers import leftovers
from landbridge.enroll.manifests import read
from landbridge.enroll.server import MEMBER_LEAST, require, version_text
from landbridge.fleet import rbac
from landbridge.fleet.tokens import mint
from landbridge.kube.api import JSON, Api
from landbridge.kube.errors import UnreachableError
from tests.unit.memory_api import MemoryApi


class Portal(MemoryApi):
    """Says the same to everybody."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        timeout: float = 0,
    ) -> bytes:
        return b"<html>Log in</html>"


@pytest.mark.parametrize(
    "asked",
    [
        lambda api: mint(api, "landbridge-sync"),
        version_text,
        lambda api: require(api, MEMBER_LEAST, "member"),
        lambda api: read(api, rbac.namespace()),
        lambda api: leftovers(api, "landbridge-system"),
    ],
    ids=["token", "version", "least version", "manifest", "leftovers"],
)
async def test_an_answer_that_is_no_api_servers_is_none(asked: Callable[[Api], Awaitable[object]]) -> None:
    with pytest.raises(UnreachableError, match=r"https://portal gave an answer that cannot be read"):
        await asked(Portal("https://portal"))
