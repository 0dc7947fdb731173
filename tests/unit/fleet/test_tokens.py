from __future__ import annotations

import base64

import pytest

from landbridge.fleet.tokens import TokenError, lifetime, mint, renew_at
from landbridge.kube.errors import NotFoundError
from tests.unit.fleet.tokens_for_tests import jwt
from tests.unit.memory_api import MemoryApi

PATH = "/api/v1/namespaces/landbridge-system/serviceaccounts/landbridge-sync/token"


async def test_a_token_is_asked_of_the_server_that_will_accept_it() -> None:
    api = MemoryApi()
    api.answers["POST", PATH] = {"spec": {"expirationSeconds": 3600}, "status": {"token": "fresh"}}
    assert await mint(api, "landbridge-sync") == "fresh"


@pytest.mark.parametrize(
    "status",
    [None, {"token": ""}, {"token": "a\nb"}, {"token": "gr\u00fcn"}, {"token": "a" * 70_000}],
    ids=["none", "empty", "two lines", "beyond ASCII", "endless"],
)
async def test_an_answer_without_a_token_to_use_is_an_error(status: object) -> None:
    api = MemoryApi()
    api.answers["POST", PATH] = {"spec": {"expirationSeconds": 3600}, "status": status}
    with pytest.raises(TokenError, match="without a usable token"):
        await mint(api, "landbridge-sync")


async def test_a_refusal_reaches_the_caller() -> None:
    api = MemoryApi()

    def refuse(method: str, path: str) -> None:
        raise NotFoundError(404, "NotFound", "no such account")

    api.before = refuse
    with pytest.raises(NotFoundError):
        await mint(api, "landbridge-sync")


def test_a_token_is_renewed_at_half_of_its_life() -> None:
    token = jwt(1_000, 4_600)
    assert lifetime(token) == (1_000, 4_600)
    assert renew_at(token) == 2_800


def odd(claims: bytes) -> str:
    return f"a.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c"


ODD = [
    b'{"iat": 0, "exp": ' + b"9" * 400 + b"}",
    b'{"iat": 0, "exp": "nan"}',
    b'{"iat": "inf", "exp": 0}',
    b"[" * 25_000,
]


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.e30.c", "a.bnVsbA.c", *map(odd, ODD)])
def test_what_has_no_life_is_an_error_that_does_not_quote_it(token: str) -> None:
    with pytest.raises(TokenError) as error:
        lifetime(token)
    assert not token or token not in str(error.value)
