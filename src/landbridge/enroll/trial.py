"""Trying out what others will use: an address, and a new token, before either is stored."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from landbridge.api.kind import Kind
from landbridge.enroll.server import version_text
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import (
    ApiError,
    ForbiddenError,
    TooManyRequestsError,
    UnauthorizedError,
    UnreachableError,
)

WRONG_SERVER = "WrongServer"
NO_RIGHTS = "NoRights"

PATIENCE = 10.0
"""Seconds for new rules to reach the API server's authorizer."""

LOOK = 0.1
"""Seconds between two looks whether they have."""

CONTROLLERS = "give the address that the controller can use with --server, or its proxy with --proxy"
"""What to do about an address that is no good, where the controller is to use it."""

Connect = Callable[[ServerConfig, StaticToken], Api]
Late = tuple[type[ApiError], ...]
LATE: Late = (ForbiddenError, TooManyRequestsError)


async def try_token(api: Api, *kinds: Kind[Any], late: Late = LATE, mend: str = CONTROLLERS) -> None:
    """Use an address and a new token as its owner will: list what its rules let it list.

    ``late`` is what a server may answer that has not heard yet: of new rules, of a new kind, or of the token itself;
    ``mend`` is what to do about an address that is no good.

    Raises:
        RefusedError: The token is not known there, or the rules do not work there.
        UnreachableError: No API server of the cluster answers there.
    """
    async with api:
        try:
            for kind in kinds:
                await _until_allowed(api, kind, late)
        except UnauthorizedError as error:
            raise RefusedError(
                WRONG_SERVER, f"{api.server} does not know the cluster's token: is it another cluster? {mend}"
            ) from error
        except ForbiddenError as error:
            raise RefusedError(NO_RIGHTS, f"{api.server} does not grant the account its rules: {error}") from error
        except UnreachableError as error:
            raise UnreachableError(f"{error}; {mend}") from error


async def try_address(api: Api, mend: str = CONTROLLERS) -> None:
    """See whether an API server that can be trusted answers, with nothing that could fall into wrong hands.

    Raises:
        UnreachableError: None does.
    """
    async with api:
        try:
            with contextlib.suppress(ForbiddenError, UnauthorizedError):  # an answer all the same
                await version_text(api)
        except UnreachableError as error:
            raise UnreachableError(f"{error}; {mend}") from error


async def _until_allowed(api: Api, kind: Kind[Any], late: Late) -> None:
    for _ in range(round(PATIENCE / LOOK)):
        with contextlib.suppress(*late):
            await _list_one(api, kind)
            return
        await asyncio.sleep(LOOK)
    await _list_one(api, kind)


async def _list_one(api: Api, kind: Kind[Any]) -> None:
    await api.request("GET", kind.path(), params={"limit": "1"})
