"""Keeps a token alive: minted anew at half of its life, used from the next request on (rule S8), and stored.

So it is, too, when the stored one was refused and the one before it serves (a hub restored from a backup has tokens
that ended long ago): what is minted with the older one is good, and a restart has to find it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable

import structlog

from landbridge.api.names import SYSTEM_NAMESPACE
from landbridge.fleet.tokens import LIFE, TokenError, mint, renew_at
from landbridge.kube.api import Api
from landbridge.kube.backoff import Backoff
from landbridge.kube.credentials import StaticToken
from landbridge.kube.explain import Tracebacks, described

PAUSE = 60.0
"""Least seconds from one token to the next, even where the clocks of server and controller disagree."""

LONGEST_RETRY = 300.0
"""Most seconds between two attempts: a life of ten minutes still has one left."""

TICK = 0.001
"""Seconds that are no reason to wait again: timers may fire a rounding error early."""

Sleep = Callable[[float], Awaitable[None]]
log = structlog.get_logger()


async def keep_renewed(
    api: Api,
    account: str,
    token: StaticToken,
    store: Callable[[str], Awaitable[None]],
    *,
    seconds: int = LIFE,
    sleep: Sleep = asyncio.sleep,
    now: Callable[[], float] = time.time,
    backoff: Callable[[], Backoff] = lambda: Backoff(1.0, LONGEST_RETRY),
) -> None:
    """Renew ``token``, which ``api`` uses, until cancelled.

    A fresh token serves at once and is stored after: while the store is away, the connection still lives, and the next
    token comes when it is due. Whoever else replaces ``token.value`` meanwhile (a person who joined the cluster again)
    is heeded at once.
    """
    while True:
        await _until_due(token, now)
        if token.fell_back:
            log.warning("token refused, the one before it serves", account=account, server=api.server)

        async def renew() -> None:
            token.value = await mint(api, account, SYSTEM_NAMESPACE, seconds)

        await _insist("token not renewed", account, renew, sleep, backoff())
        stored = await _insist(
            "token not stored", account, lambda: store(token.value or ""), sleep, backoff(), lambda: _due(token) - now()
        )
        log.info("token renewed", account=account, server=api.server, stored=stored)
        await sleep(PAUSE)


async def _until_due(token: StaticToken, now: Callable[[], float]) -> None:
    while (wait := _due(token) - now()) > TICK:
        token.changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(token.changed.wait(), wait)


def _due(token: StaticToken) -> float:
    if token.fell_back:
        return 0.0
    try:
        return renew_at(token.value or "")
    except TokenError:
        return 0.0


async def _insist(
    event: str,
    account: str,
    attempt: Callable[[], Awaitable[None]],
    sleep: Sleep,
    backoff: Backoff,
    left: Callable[[], float] = lambda: math.inf,
) -> bool:
    """Attempt it at least once, and again for as long as there are seconds ``left``; whether it was done.

    Whatever goes wrong, the token in use may serve for hours: nothing else has to end for it.
    """
    tracebacks = Tracebacks()
    while True:
        try:
            await attempt()
        except Exception as error:
            text, trace = described(error), tracebacks.of(event, error)
            delay = backoff.next(error)
            if delay >= left():
                log.warning(event, account=account, error=text, given_up=True, exc_info=trace)
                return False
            log.warning(event, account=account, error=text, retry_seconds=round(delay, 1), exc_info=trace)
            await sleep(delay)
        else:
            return True
