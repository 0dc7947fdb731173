from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
import pytest

from landbridge.fleet.renewal import LONGEST_RETRY, keep_renewed
from landbridge.kube.api import JSON
from landbridge.kube.backoff import Backoff
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import UnreachableError
from tests.unit.fleet.tokens_for_tests import jwt
from tests.unit.memory_api import MemoryApi

DAY = 86_400.0
pytestmark = pytest.mark.looptime


class Clock:
    """Virtual seconds since the test began (the loop is shared by all tests).

    Rounded: the loop counts whole microseconds, from a start that is none.
    """

    def __init__(self) -> None:
        self._start = asyncio.get_running_loop().time()

    def __call__(self) -> float:
        return round(asyncio.get_running_loop().time() - self._start, 3)


class Minting(MemoryApi):
    """Issues tokens of a life, and counts them."""

    def __init__(self, life: float = DAY) -> None:
        super().__init__()
        self.clock = Clock()
        self.life = life
        self.minted: list[float] = []
        self.down_until = 0.0

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
        if self.clock() < self.down_until:
            raise UnreachableError("cut")
        self.before(method, path)
        self.minted.append(self.clock())
        token = jwt(self.clock(), self.clock() + self.life, f"{len(self.minted)}")
        return msgspec.json.encode({"spec": {"expirationSeconds": 1}, "status": {"token": token}})


class Stored:
    """Remembers what it was given, and may be away for a while."""

    def __init__(self, away_until: float = 0.0) -> None:
        self.clock = Clock()
        self.away_until = away_until
        self.tokens: list[str] = []

    async def __call__(self, token: str) -> None:
        if self.clock() < self.away_until:
            raise OSError("disk full")
        self.tokens.append(token)


def whole_seconds() -> Backoff:
    """No fractions, which would add up to a due time so near that the loop does not sleep until then."""
    return Backoff(1.0, LONGEST_RETRY, lambda least, most: most)


async def run(api: Minting, token: StaticToken, store: Stored, seconds: float) -> None:
    renewing = keep_renewed(api, "landbridge-sync", token, store, now=api.clock, backoff=whole_seconds)
    task = asyncio.create_task(renewing)
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])


async def test_a_token_is_renewed_at_half_of_its_life_stored_and_used() -> None:
    api, token, store = Minting(), StaticToken(jwt(0, DAY)), Stored()
    await run(api, token, store, DAY * 1.2)
    assert api.minted == pytest.approx([DAY / 2, DAY], abs=1)
    assert store.tokens[-1] == token.value
    assert len(store.tokens) == 2


async def test_a_token_past_its_half_is_renewed_at_once() -> None:
    api, token = Minting(), StaticToken(jwt(-DAY * 0.9, DAY * 0.1))
    await run(api, token, Stored(), 1)
    assert api.minted == [0]


async def test_a_token_without_an_end_is_replaced_by_one_that_has() -> None:
    api = Minting()
    await run(api, StaticToken("opaque"), Stored(), 1)
    assert api.minted == [0]


async def test_a_server_that_is_away_is_asked_again_and_the_old_token_stays() -> None:
    api, token = Minting(), StaticToken(old := jwt(0, DAY))
    api.down_until = DAY * 0.75
    store = Stored()
    await run(api, token, store, DAY * 0.7)
    assert token.value == old
    await run(api, token, store, DAY * 0.1)
    assert len(api.minted) == 1
    assert api.minted[0] - api.down_until <= 301


async def test_a_fresh_token_serves_while_its_store_is_away() -> None:
    api, token, store = Minting(), StaticToken(jwt(-DAY, 0)), Stored(away_until=5_000)
    await run(api, token, store, 4_000)
    assert token.value != jwt(-DAY, 0)
    assert store.tokens == []
    await run(api, token, store, 2_000)
    assert len(api.minted) == 1


async def test_a_short_life_is_kept_up_with() -> None:
    api, token = Minting(life=600), StaticToken(jwt(0, 600))
    await run(api, token, Stored(), 3_010)
    assert api.minted == pytest.approx([300.0 * turn for turn in range(1, 11)], abs=1)


async def test_a_server_whose_clock_is_behind_is_not_asked_in_a_tight_loop() -> None:
    api, token = Minting(life=-DAY), StaticToken("")
    await run(api, token, Stored(), 600)
    assert len(api.minted) == 10


async def test_a_token_that_a_person_replaced_is_heeded() -> None:
    api, token = Minting(), StaticToken(jwt(0, DAY))
    task = asyncio.create_task(keep_renewed(api, "landbridge-sync", token, Stored(), now=api.clock))
    await asyncio.sleep(DAY * 0.4)
    token.value = jwt(DAY * 0.4, DAY * 1.4)
    await asyncio.sleep(DAY * 0.4)
    assert api.minted == []
    token.value = jwt(0, DAY)  # an old one
    await asyncio.sleep(1)
    assert api.minted == [DAY * 0.8]
    task.cancel()
    await asyncio.wait([task])


async def test_s8_where_the_stored_token_was_refused_the_one_that_works_brings_another_which_is_stored() -> None:
    api, token, store = Minting(), StaticToken(works := jwt(0, DAY)), Stored()
    token.accepted(works)

    async def hub_is_restored() -> None:
        await asyncio.sleep(100)
        token.value = revoked = jwt(0, DAY, "before")
        await asyncio.sleep(100)
        assert api.minted == []
        token.refused(revoked)

    restored = asyncio.create_task(hub_is_restored())
    await run(api, token, store, 1000)
    await restored
    assert api.minted == [200]
    assert store.tokens == [token.value]
    assert not token.fell_back


@pytest.mark.parametrize(
    "error",
    [RecursionError("nested too deep"), MemoryError(), ValueError("odd")],
    ids=lambda error: type(error).__name__,
)
async def test_s15_a_nonsense_answer_is_asked_again_and_the_old_token_stays(error: Exception) -> None:
    api, token = Minting(), StaticToken(old := jwt(-DAY * 0.6, DAY * 0.4))
    answers = iter([error, error])

    def nonsense(method: str, path: str) -> None:
        if wrong := next(answers, None):
            raise wrong

    api.before = nonsense
    store = Stored()
    await run(api, token, store, 0.5)
    assert token.value == old
    await run(api, token, store, 60)
    assert token.value != old
