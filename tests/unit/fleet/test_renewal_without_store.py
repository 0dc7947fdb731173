"""The hub is away, or the controller's kubeconfig cannot be written: tokens of clusters that answer live on."""

from __future__ import annotations

import itertools

import pytest

from landbridge.fleet.renewal import LONGEST_RETRY, PAUSE
from landbridge.fleet.tokens import lifetime
from landbridge.kube.credentials import StaticToken
from tests.unit.fleet.test_renewal import DAY, Minting, Stored, run
from tests.unit.fleet.tokens_for_tests import jwt

pytestmark = pytest.mark.looptime


async def test_a_token_does_not_end_while_its_store_is_away_s7() -> None:
    api, token, store = Minting(), StaticToken(jwt(0, DAY)), Stored(away_until=4 * DAY)
    await run(api, token, store, 2.9 * DAY)
    assert len(api.minted) == 5
    intervals = [later - earlier for earlier, later in itertools.pairwise([0.0, *api.minted])]
    assert all(DAY / 2 - 1 <= interval <= DAY / 2 + PAUSE for interval in intervals)
    assert lifetime(token.value or "")[1] > 2.9 * DAY


async def test_the_latest_token_is_stored_when_the_store_is_back() -> None:
    api, token, store = Minting(), StaticToken(jwt(0, DAY)), Stored(away_until=1.8 * DAY)
    await run(api, token, store, 1.8 * DAY + LONGEST_RETRY)
    assert store.tokens == [token.value]
    assert len(api.minted) == 3


async def test_tokens_past_their_half_from_the_start_are_no_tight_loop_without_a_store() -> None:
    api, token = Minting(life=-DAY), StaticToken("")
    await run(api, token, Stored(away_until=DAY), 600)
    assert all(later - earlier >= 60 for earlier, later in itertools.pairwise(api.minted))
    assert len(api.minted) == 10
