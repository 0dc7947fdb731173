"""Two candidates and one Lease, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from landbridge.api.coordination import LEASES, Lease, LeaseSpec
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import LEASE, SYSTEM_NAMESPACE
from landbridge.controller.http import Health
from landbridge.controller.leader import Election, LostLeadershipError
from landbridge.controller.lease import Times
from landbridge.kube.errors import UnreachableError
from tests.unit.fakes import WatchedApi, settle
from tests.unit.memory_api import MemoryApi

pytestmark = pytest.mark.looptime

TIMES = Times(lease=15, retry=2)


class Line(MemoryApi):
    """One candidate's own way to the API server."""

    def __init__(self, server: WatchedApi) -> None:
        super().__init__()
        self.cut = False
        self.slow = 0.0
        """Seconds until a request reaches the server."""
        self._server = server

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        timeout: float = 0,
    ) -> bytes:
        if self.cut:
            raise UnreachableError("the line is cut")
        self.calls.append((method, path))
        await asyncio.sleep(self.slow)
        return await self._server.request(method, path, params=params, body=body, content_type=content_type)


class Candidate:
    """A controller that does nothing but lead."""

    def __init__(self, server: WatchedApi, identity: str) -> None:
        self.line = Line(server)
        self.state = "waiting"
        self.election = Election(self.line, identity, TIMES)
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async with self.election.lead():
                self.state = "leading"
                await asyncio.Event().wait()
        except* LostLeadershipError:
            self.state = "lost"

    async def stop(self) -> None:
        """An orderly end."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def die(self) -> None:
        """An end without a farewell."""
        self.line.cut = True
        await self.stop()


@asynccontextmanager
async def candidates(server: WatchedApi, *identities: str) -> AsyncGenerator[list[Candidate]]:
    found = [Candidate(server, identity) for identity in identities]
    await settle()
    try:
        yield found
    finally:
        for candidate in found:
            await candidate.stop()


def states(found: list[Candidate]) -> list[str]:
    return [candidate.state for candidate in found]


def spec(server: WatchedApi) -> LeaseSpec:
    return server.held(LEASES)[LEASE].spec


def held_by_stranger(server: WatchedApi, *, renewed: str, seconds: int | None = 15) -> None:
    held = LeaseSpec(holder_identity="stranger", lease_duration_seconds=seconds, renew_time=renewed)
    server.add(LEASES, Lease(ObjectMeta(LEASE, SYSTEM_NAMESPACE), held))


async def test_of_many_candidates_one_leads() -> None:
    server = WatchedApi()
    async with candidates(server, "a", "b", "c") as found:
        assert sorted(states(found)) == ["leading", "waiting", "waiting"]
        assert REGISTRY.get_sample_value("landbridge_leader") == 1
        await settle(60)
        assert sorted(states(found)) == ["leading", "waiting", "waiting"]
    assert REGISTRY.get_sample_value("landbridge_leader") == 0


async def test_of_many_that_see_an_expired_lease_one_leads() -> None:
    server = WatchedApi()
    held_by_stranger(server, renewed="")
    async with candidates(server, "a", "b", "c") as found:
        await settle(60)
        assert sorted(states(found)) == ["leading", "waiting", "waiting"]


async def test_a_lease_says_who_holds_it_since_when_and_for_how_long() -> None:
    server = WatchedApi()
    async with candidates(server, "a"):
        first = spec(server)
        await settle(10)
        later = spec(server)
    assert (first.holder_identity, first.lease_duration_seconds, first.lease_transitions) == ("a", 15, 1)
    assert first.acquire_time == first.renew_time == later.acquire_time
    assert (later.renew_time or "") > (first.renew_time or "")
    assert later.lease_transitions == 1


@pytest.mark.parametrize("renewed", ["2001-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"])
async def test_another_machines_clock_is_not_trusted(renewed: str) -> None:
    server = WatchedApi()
    held_by_stranger(server, renewed=renewed)
    async with candidates(server, "a") as found:
        await settle(14.9)
        assert states(found) == ["waiting"]
        await settle(3)
        assert states(found) == ["leading"]
        assert spec(server).holder_identity == "a"


async def test_a_lease_lasts_as_long_as_its_holder_says() -> None:
    server = WatchedApi()
    held_by_stranger(server, renewed="", seconds=40)
    async with candidates(server, "a") as found:
        await settle(39)
        assert states(found) == ["waiting"]
        await settle(4)
        assert states(found) == ["leading"]


async def test_a_lease_that_is_renewed_is_never_taken() -> None:
    server = WatchedApi()
    async with candidates(server) as found:
        held_by_stranger(server, renewed="0")
        found.append(Candidate(server, "a"))
        for turn in range(20):
            await settle(14)
            held_by_stranger(server, renewed=str(turn))
        assert states(found) == ["waiting"]


async def test_who_ends_in_order_lets_the_next_one_in_at_once() -> None:
    server = WatchedApi()
    async with candidates(server, "a", "b") as (first, second):
        await first.stop()
        assert spec(server).holder_identity in (None, "")
        await settle(TIMES.retry + 0.1)
        assert second.state == "leading"


@pytest.mark.parametrize("lived", [10 + fifth / 5 for fifth in range(12)])
async def test_who_dies_is_followed_within_a_lease_and_one_look(lived: float) -> None:
    server = WatchedApi()
    async with candidates(server, "a", "b") as (first, second):
        await settle(lived)
        await first.die()
        await settle(TIMES.lease - TIMES.retry - 0.1)
        assert second.state == "waiting"
        await settle(TIMES.retry + 0.1 + TIMES.look)
        assert second.state == "leading"


@pytest.mark.parametrize("begins", [10 + part / 2 for part in range(5)])
@pytest.mark.parametrize("lasts", [5, 16, 61])
async def test_a_hub_that_was_frozen_dethrones_nobody_s12(begins: float, lasts: float) -> None:
    """Whoever's request gets through first when it comes back."""
    server = WatchedApi()
    async with candidates(server, "a", "b") as (first, second):
        await settle(begins)
        first.line.slow = second.line.slow = 1e9
        await settle(lasts)
        second.line.slow = 0
        await settle(TIMES.retry)
        first.line.slow = 0
        await settle(2 * TIMES.lease)
        assert states([first, second]) == ["leading", "waiting"]
        assert spec(server).lease_transitions == 1


async def test_a_hub_that_answers_only_now_and_then_dethrones_nobody_s12() -> None:
    """The holder may have been unlucky with each of its requests."""
    server = WatchedApi()
    async with candidates(server, "a", "b") as (first, second):
        first.line.cut = True
        for _ in range(30):
            second.line.cut = True
            await settle(1)
            second.line.cut = False
            await settle(1)
        first.line.cut = False
        await settle(2 * TIMES.lease)
        assert states([first, second]) == ["leading", "waiting"]


async def test_a_slow_hub_dethrones_nobody_s12() -> None:
    server = WatchedApi()
    async with candidates(server, "a", "b") as (first, second):
        first.line.slow = second.line.slow = 1.5
        await settle(120)
        assert states([first, second]) == ["leading", "waiting"]


async def test_a_hub_that_hangs_costs_the_holder_one_renewal_s12() -> None:
    server = WatchedApi()
    async with candidates(server, "a") as (first,):
        await settle(10.5)
        first.line.slow = 1e9
        await settle(6)
        before = spec(server)
        first.line.slow = 0
        await settle(TIMES.retry + 0.1)
        assert spec(server).renew_time != before.renew_time


async def test_a_renewal_is_one_request() -> None:
    async with candidates(WatchedApi(), "a") as (first,):
        first.line.calls.clear()
        await settle(5 * TIMES.retry + 1)
        assert first.line.calls == [("PUT", LEASES.path(SYSTEM_NAMESPACE, LEASE))] * 5


async def test_a_renewal_that_was_answered_too_late_is_its_own() -> None:
    server = WatchedApi()
    async with candidates(server, "a") as (first,):
        server.late = asyncio.Event()
        await settle(3 * TIMES.retry)
        server.late.set()
        await settle(TIMES.retry)
        assert first.state == "leading"


async def test_who_asks_for_proof_waits_for_a_request_of_his_own() -> None:
    async with candidates(WatchedApi(), "a") as (first,):
        first.line.calls.clear()
        first.line.slow = 1
        one = asyncio.create_task(first.election.renew())
        await settle(0.5)
        others = [asyncio.create_task(first.election.renew()) for _ in range(10)]
        await settle(0.6)
        assert one.done()
        assert not any(other.done() for other in others)
        await asyncio.wait_for(asyncio.gather(*others), 1)
        assert len(first.line.calls) == 2, "one for the first, and one for all who came while it was under way"


async def test_who_asks_for_proof_is_told_of_the_loss_at_once() -> None:
    server = WatchedApi()
    async with candidates(server, "a") as (first,):
        held_by_stranger(server, renewed="")
        with pytest.raises(LostLeadershipError):
            await first.election.renew()


async def test_who_slept_through_its_lease_may_write_nothing_until_it_was_read_again_s12() -> None:
    """A process that was stopped (SIGSTOP) and continued: its connections wake in any order."""
    server = WatchedApi()
    async with candidates(server, "a") as (first,):
        await first.election.permit()
        first.line.slow = 1e9
        await settle(TIMES.lease + 5)
        held_by_stranger(server, renewed="")
        first.line.slow = 0
        assert not first.election.holds
        for permit in (first.election.permit, first.election.permit_in_members):
            with pytest.raises(LostLeadershipError):
                await permit()


async def test_a_hub_that_hangs_is_waited_for_twice_at_most_however_many_want_to_write_s12() -> None:
    async with candidates(WatchedApi(), "a") as (a,):
        await asyncio.sleep(1)
        a.line.slow = 1000
        await asyncio.sleep(TIMES.lease + 60)
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(a.election.permit() for _ in range(48)), return_exceptions=True)
        assert asyncio.get_running_loop().time() - began <= 2 * TIMES.answer + 0.1


async def test_members_are_written_while_the_hub_is_known_to_be_away_s12() -> None:
    server = WatchedApi()
    async with candidates(server, "a") as (first,):
        first.line.slow = 1e9
        await settle(TIMES.lease + 5)
        assert not first.election.holds
        started = asyncio.get_running_loop().time()
        await first.election.permit_in_members()
        assert asyncio.get_running_loop().time() == started, "nobody waits for a hub that hangs"
        with pytest.raises(UnreachableError):
            await first.election.permit()


async def test_a_standby_says_who_leads_and_that_it_sees_it() -> None:
    async with candidates(WatchedApi(), "a", "b") as (_, second):
        await settle(TIMES.look)
        assert second.election.standby == Health(True, "ok, standing by; a leads")
        second.line.cut = True
        await settle(TIMES.lease - TIMES.look)
        assert second.election.standby.ok
        await settle(TIMES.look + 0.1)
        assert second.election.standby == Health(False, "the Lease is out of view: the line is cut")
        second.line.cut = False
        await settle(TIMES.look)
        assert second.election.standby.ok


async def test_a_holder_that_cannot_reach_the_hub_goes_on_until_another_took_over() -> None:
    """A hub that is down must not stop endpoint sync."""
    server = WatchedApi()
    async with candidates(server, "a", "b") as (first, second):
        await settle(10)
        first.line.cut = second.line.cut = True
        await settle(600)
        assert states([first, second]) == ["leading", "waiting"]
        second.line.cut = False
        await settle(TIMES.lease - 0.1)
        assert states([first, second]) == ["leading", "waiting"]
        await settle(TIMES.look + 0.1)
        assert states([first, second]) == ["leading", "leading"]
        first.line.cut = False
        await settle(TIMES.retry + 0.1)
        assert states([first, second]) == ["lost", "leading"]


async def test_who_lost_the_lease_leaves_it_to_the_other() -> None:
    server = WatchedApi()
    async with candidates(server, "a") as found:
        held_by_stranger(server, renewed="")
        await settle(TIMES.retry + 0.1)
        assert states(found) == ["lost"]
        assert spec(server).holder_identity == "stranger"


async def test_a_lease_that_was_deleted_is_made_again() -> None:
    server = WatchedApi()
    async with candidates(server, "a") as found:
        server.remove(LEASES.path(SYSTEM_NAMESPACE, LEASE))
        await settle(TIMES.retry + 0.1)
        assert states(found) == ["leading"]
        assert spec(server).holder_identity == "a"


async def test_a_candidate_waits_for_a_hub_that_is_down() -> None:
    server = WatchedApi()
    server.down = True
    async with candidates(server, "a") as found:
        await settle(600)
        assert states(found) == ["waiting"]
        server.down = False
        await settle(TIMES.retry + 0.1)
        assert states(found) == ["leading"]
