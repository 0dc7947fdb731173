"""S5 over everything that slices can look like: what stays published is never missing, whatever is refused."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from landbridge.api.discovery import SLICES, EndpointPort, EndpointSlice
from landbridge.api.names import FLEET, MANAGER
from landbridge.kube.errors import ForbiddenError, KubeError
from landbridge.mcs.apply import apply
from landbridge.mcs.handover import MOST, backends, keeping
from landbridge.mcs.plan import plan
from tests.unit.fakes import WatchedApi, make_member
from tests.unit.mcs.views import provider, view
from tests.unit.objects import FLEET_UID, cluster, slice_

examples = settings(deadline=None, max_examples=60, derandomize=True, database=None)

Published = dict[str, list[str]]
"""Addresses by the slice that has them."""

refused = st.lists(st.booleans(), min_size=1, max_size=6)


@st.composite
def published(draw: st.DrawFn) -> Published:
    """Each address in one slice, or nowhere."""
    found: Published = {}
    for address in ("10.1.0.1", "10.1.0.2", "10.1.0.3"):
        if slice_name := draw(st.sampled_from(["a", "b", "c", ""])):
            found.setdefault(slice_name, []).append(address)
    return found


def addresses(slices: Sequence[EndpointSlice]) -> set[str]:
    return {address for s in slices for endpoint in s.endpoints or () for address in endpoint.addresses}


async def write(api: WatchedApi, wanted: Published, refusals: list[bool], lost: list[set[str]]) -> None:
    """One pass, in which some writes are refused; notes what stays published and is missing after each."""
    member = make_member(cluster("new"), api)
    held = tuple(s for s in api.held(SLICES).values() if s.managed_by == MANAGER)
    for import_ in held:
        member.slices.store.put(import_)
    staying = addresses(held) & {address for found in wanted.values() for address in found}
    left = iter(refusals)

    def maybe_refuse(method: str, path: str) -> None:
        lost.append(staying - addresses(list(api.held(SLICES).values())))
        if method in ("POST", "PUT", "DELETE") and next(left, False):
            raise ForbiddenError(403, "Forbidden", "exceeded quota")

    api.before = maybe_refuse
    source = provider(*(slice_(name, *found) for name, found in wanted.items()))
    with contextlib.suppress(KubeError):
        await apply(member, plan(view(source, imports=held)))
    lost.append(staying - addresses(list(api.held(SLICES).values())))


@examples
@given(st.lists(st.tuples(published(), refused), min_size=2, max_size=4))
def test_s5_what_stays_published_is_never_missing_and_in_the_end_all_is_right(
    steps: list[tuple[Published, list[bool]]],
) -> None:
    async def play() -> tuple[list[set[str]], set[str]]:
        api, lost = WatchedApi(), list[set[str]]()
        for wanted, refusals in steps:
            await write(api, wanted, refusals, lost)
        for _ in range(2):
            await write(api, steps[-1][0], [], lost)
        return lost, addresses([s for s in api.held(SLICES).values() if s.managed_by == MANAGER])

    lost, found = asyncio.run(play())
    assert not any(lost)
    assert found == {address for has in steps[-1][0].values() for address in has}


def ours(*found: str) -> EndpointSlice:
    return slice_("a", *found, manager=MANAGER, labels={FLEET: FLEET_UID})


def test_what_nobody_awaits_is_not_kept() -> None:
    assert keeping(ours("10.1.0.1"), None, {}) is None
    wanted = ours("10.1.0.2")
    assert keeping(ours("10.1.0.1"), wanted, backends(ours("10.1.0.9"))) is wanted


def test_only_what_is_awaited_is_kept() -> None:
    kept = keeping(ours("10.1.0.1", "10.1.0.2"), None, backends(ours("10.1.0.2")))
    assert kept
    assert addresses([kept]) == {"10.1.0.2"}


@pytest.mark.parametrize("wanted", [None, ours("10.1.0.1")], ids=["goes", "stays"])
def test_s5_what_is_kept_is_as_ready_as_where_it_moves_to(wanted: EndpointSlice | None) -> None:
    moved = slice_("b", "10.1.0.2", ready=False)
    kept = keeping(ours("10.1.0.1", "10.1.0.2"), wanted, backends(moved))
    assert kept
    assert [e.conditions.ready for e in kept.endpoints or () if e.addresses == ("10.1.0.2",)] == [False]


def test_s5_also_where_its_slice_has_other_ports_by_now() -> None:
    present, other = ours("10.1.0.1", "10.1.0.2"), replace(ours("10.1.0.1"), ports=(EndpointPort("http", "TCP", 9090),))
    kept = keeping(present, other, backends(slice_("b", "10.1.0.2", ready=False)))
    assert kept
    assert kept.ports == present.ports
    assert [endpoint.conditions.ready for endpoint in kept.endpoints or ()] == [True, False]


def test_s5_no_slice_is_made_larger_than_an_api_server_takes() -> None:
    """Two large ones that exchange endpoints would be refused for ever."""
    ones, others = ([f"10.{net}.{n // 250}.{n % 250}" for n in range(600)] for net in (1, 2))
    kept = keeping(ours(*ones), ours(*others), backends(slice_("b", *ones)))
    assert kept
    assert len(kept.endpoints or ()) == MOST == 1000
    assert addresses([kept]) >= set(others)


def test_what_is_full_already_keeps_nothing() -> None:
    full = ours(*(f"10.2.{n // 250}.{n % 250}" for n in range(MOST)))
    assert keeping(ours("10.1.0.1"), full, backends(slice_("b", "10.1.0.1"))) is full
