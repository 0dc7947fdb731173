from __future__ import annotations

import pytest

from landbridge.enroll.server import HUB_LEAST, MEMBER_LEAST, NO_ACCESS, OLD_VERSION, Version, require
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.errors import UnauthorizedError
from tests.unit.memory_api import MemoryApi


@pytest.mark.parametrize(
    ("text", "least"),
    [("v1.29.0", HUB_LEAST), ("v1.36.4", HUB_LEAST), ("v1.22.17-eks-1", MEMBER_LEAST), ("v2.0.0", HUB_LEAST)],
)
async def test_a_server_that_is_new_enough_may_serve(text: str, least: Version) -> None:
    await require(MemoryApi(version=text), least, "hub")


@pytest.mark.parametrize(
    ("text", "least"), [("v1.28.9", HUB_LEAST), ("v1.21.14", MEMBER_LEAST), ("v1.9.0", HUB_LEAST), ("", MEMBER_LEAST)]
)
async def test_an_old_server_is_refused_with_what_it_would_take(text: str, least: Version) -> None:
    with pytest.raises(RefusedError, match=rf"a member must be {least} or later: upgrade") as refusal:
        await require(MemoryApi(version=text), least, "member")
    assert refusal.value.reason == OLD_VERSION


async def test_credentials_that_are_not_accepted_are_a_refusal() -> None:
    api = MemoryApi()

    def refuse(method: str, path: str) -> None:
        raise UnauthorizedError(401, "Unauthorized", "Unauthorized")

    api.before = refuse
    with pytest.raises(RefusedError, match="does not accept these credentials") as refusal:
        await require(api, MEMBER_LEAST, "member")
    assert refusal.value.reason == NO_ACCESS
