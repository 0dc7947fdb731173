"""Bound tokens of our service accounts: short-lived, tied to the account, and replaced by themselves."""

from __future__ import annotations

import base64
import math
from typing import Any

import msgspec

from landbridge.api.authentication import TokenRequest, TokenRequestSpec
from landbridge.api.core import SERVICE_ACCOUNTS
from landbridge.api.names import SYSTEM_NAMESPACE
from landbridge.kube.address import usable_token
from landbridge.kube.api import Api
from landbridge.kube.errors import KubeError

LIFE = 24 * 3600
"""Seconds of life to ask for; a server may give less."""

SHORTEST = 600
"""The least that an API server accepts, in seconds."""

_TOKEN_REQUEST = msgspec.json.Decoder(TokenRequest)


class TokenError(KubeError):
    """A token that does not say how long it lives, or was not given. Its text never quotes the token."""


async def mint(api: Api, account: str, namespace: str = SYSTEM_NAMESPACE, seconds: int = LIFE) -> str:
    """Ask for a new token of ``account``, which the old one stays valid beside.

    Raises:
        KubeError: The server refused, or could not be reached, or answered without one.
    """
    body = msgspec.json.encode(TokenRequest(TokenRequestSpec(max(seconds, SHORTEST))))
    answer = await api.request("POST", SERVICE_ACCOUNTS.path(namespace, account, "token"), body=body)
    status = api.decoded(_TOKEN_REQUEST, answer).status
    if status is None or not usable_token(status.token):
        raise TokenError(f"{api.server} answered a token request without a usable token")
    return status.token


def lifetime(token: str) -> tuple[float, float]:
    """When a JWT was issued and when it ends (Unix seconds). Not verified: only its server can, and will.

    Raises:
        TokenError: Not a JWT, or one without end.
    """
    try:
        payload = token.split(".")[1]
        claims: dict[str, Any] = msgspec.json.decode(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=dict[str, Any]
        )
        issued, ends = float(claims["iat"]), float(claims["exp"])
        if not (math.isfinite(issued) and math.isfinite(ends)):
            raise ValueError
        return issued, ends
    except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:  # msgspec's are ValueErrors
        raise TokenError(f"not a token with an end ({type(error).__name__})") from None


def renew_at(token: str) -> float:
    """When to replace a token (Unix seconds): at half of its life, which leaves the other half for trouble.

    Raises:
        TokenError: Not a JWT, or one without end.
    """
    issued, ends = lifetime(token)
    return (issued + ends) / 2
