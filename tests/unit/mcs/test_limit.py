"""How much of a provider the others get while a Service moves there; rule names are those of docs/architecture.md."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from landbridge.api.discovery import Conditions, Endpoint, EndpointSlice
from landbridge.api.meta import ObjectMeta
from landbridge.api.migration import ServiceMigration, ServiceMigrationSpec
from landbridge.api.names import LIMITED_BY
from landbridge.mcs.limit import Limit, limited, outdated
from landbridge.mcs.plan import Changes, plan
from landbridge.mcs.views import ProviderView
from tests.unit.mcs.views import applied, provider, synced, view
from tests.unit.objects import endpoint, slice_

examples = settings(deadline=None, max_examples=150, derandomize=True, database=None)

TEN = provider(slice_("a", *(f"10.1.0.{n}" for n in range(6))), slice_("b", *(f"10.1.1.{n}" for n in range(4))))


def word(changes: int, made: str = "2026-01-01T10:00:00Z") -> str:
    return f"{made}/{changes}"


def offering(count: int | None, changes: int = 1, of: ProviderView = TEN) -> ProviderView:
    return ProviderView(of.name, of.live, of.service, of.slices, gate=of.gate, limit=Limit(count, word(changes)))


def got(imports: tuple[EndpointSlice, ...]) -> set[str]:
    return {address for one in imports for each in one.endpoints or () for address in each.addresses}


@pytest.mark.parametrize("count", [0, 1, 3, 10, 11])
def test_s1_as_many_endpoints_are_published_as_the_limit_says(count: int) -> None:
    assert len(got(synced(offering(count)))) == min(count, 10)


def test_without_a_number_all_are_published() -> None:
    assert got(synced(offering(None))) == got(synced(TEN))


def test_s1_a_step_adds_or_removes_and_never_reshuffles() -> None:
    steps = [got(synced(offering(count))) for count in range(11)]
    assert all(less < more for less, more in pairwise(steps))


def test_s5_a_step_writes_only_slices_of_which_something_changes() -> None:
    imports = synced(offering(3))
    changes = plan(view(offering(4, 2), imports=imports))
    assert (len(changes.create), len(changes.update), len(changes.delete)) == (0, 1, 0)
    assert plan(view(offering(4, 2), imports=applied(imports, changes))) == Changes()


def test_s12_a_limit_that_holds_nothing_back_is_written_down_once() -> None:
    imports = synced(TEN)
    imports = applied(imports, plan(view(offering(10, 1), imports=imports)))
    assert all(LIMITED_BY in one.metadata.annotations for one in imports)
    assert plan(view(offering(10, 2), imports=imports)) == Changes()
    imports = applied(imports, plan(view(TEN, imports=imports)))
    assert not [one for one in imports if LIMITED_BY in one.metadata.annotations]


def test_s1_ready_endpoints_come_first() -> None:
    pods = [endpoint(f"10.1.0.{n}", ready=n >= 8) for n in range(10)]
    half = provider(replace(slice_("a"), endpoints=tuple(pods)))
    assert got(synced(offering(2, of=half))) == {"10.1.0.8", "10.1.0.9"}
    assert len(got(synced(offering(3, of=half)))) == 3


def test_s1_who_serves_to_the_end_comes_before_who_does_not_serve() -> None:
    ending = Endpoint(("10.1.0.1",), Conditions(ready=False, serving=True, terminating=True))
    for n in range(16):  # whichever has the lower rank
        starting = Endpoint((f"10.1.1.{n}",), Conditions(ready=False, serving=False, terminating=False))
        (one,) = limited((replace(slice_("a"), endpoints=(starting, ending)),), Limit(1, word(1)))
        assert one.endpoints == (ending,)


def test_s1_who_moves_between_slices_counts_once_and_as_the_better_of_the_two() -> None:
    moved, other = "10.1.0.1", "10.1.0.2"
    was, is_ = (replace(slice_(name), endpoints=(endpoint(moved, ready=name == "to"),)) for name in ("from", "to"))
    rest = replace(slice_("rest"), endpoints=(endpoint(other, ready=False),))
    for slices in ((was, is_, rest), (is_, was, rest)):
        assert got(tuple(limited(slices, Limit(1, word(1))))) == {moved}
        assert got(tuple(limited(slices, Limit(2, word(1))))) == {moved, other}


def test_each_address_family_has_as_many() -> None:
    six = slice_("six", *(f"fd00::{n}" for n in range(4)), address_type="IPv6")
    kept = list(limited((slice_("a", "10.1.0.1", "10.1.0.2"), six), Limit(1, word(1))))
    assert [len(one.endpoints or ()) for one in kept] == [1, 1]


def test_s1_only_the_cluster_that_it_moves_to_is_limited() -> None:
    meta = ObjectMeta("web", "shop", creation_timestamp="2026-01-01T10:00:00Z", generation=7)
    move = ServiceMigration(meta, ServiceMigrationSpec("old", "new", 3))
    assert Limit.of(move, "new") == Limit(3, word(7))
    assert Limit.of(move, "old") is None
    assert Limit.of(None, "new") is None


@pytest.mark.parametrize(
    ("limit", "later"),
    [
        (Limit(3, word(9)), False),
        (Limit(3, word(10)), False),
        (Limit(3, word(8)), True),
        (Limit(3, word(1, "2026-01-02T10:00:00Z")), False),
        (None, True),
    ],
    ids=["the same", "ours is later", "theirs is later", "made anew", "none is known"],
)
def test_s12_a_later_word_on_an_import_is_seen(limit: Limit | None, later: bool) -> None:
    assert outdated(synced(offering(0, 9)), limit) is later


def test_where_nobody_ever_limited_anything_there_is_no_word() -> None:
    assert not outdated(synced(TEN), None)


@pytest.mark.parametrize("odd", ["", "/", "0", "2026-01-01T10:00:00Z/x", "2026-01-01T10:00:00Z/"])
def test_an_odd_word_on_an_import_is_an_early_one(odd: str) -> None:
    """Anybody in the consumer may write there."""
    (one, *_) = synced(offering(1))
    one.metadata.annotations[LIMITED_BY] = odd
    assert not outdated((one,), Limit(1, word(1)))


endpoints = st.lists(
    st.builds(lambda n, ready: endpoint(f"10.1.{n % 3}.{n}", ready=ready), st.integers(0, 40), st.booleans()),
    max_size=12,
    unique_by=lambda one: one.addresses,
)


@examples
@given(endpoints, endpoints, st.integers(0, 6))
def test_who_stays_and_is_ready_gives_way_to_nobody_but_a_lower_rank(
    before: list[Endpoint], joined: list[Endpoint], count: int
) -> None:
    """One pod more takes the place of one at most; one less is followed by one at most."""

    def chosen(pods: list[Endpoint]) -> set[tuple[str, ...]]:
        (one,) = limited((replace(slice_("a"), endpoints=tuple(pods)),), Limit(count, word(1)))
        assert len(one.endpoints or ()) == min(count, len(pods))
        return {each.addresses for each in one.endpoints or ()}

    pods = before
    for pod in joined:
        more = [one for one in pods if one.addresses != pod.addresses] + [pod]
        assert len(chosen(pods) - chosen(more)) <= 1
        assert len(chosen(more) - chosen(pods)) <= 1
        pods = more


@examples
@given(endpoints, st.integers(0, 14), st.integers(0, 14), st.integers(0, 12))
def test_s1_a_step_brings_or_takes_as_many_as_it_says_and_ready_ones_first(
    pods: list[Endpoint], less: int, more: int, cut: int
) -> None:
    less, more = sorted((less, more))
    slices = [replace(slice_(n), endpoints=tuple(some)) for n, some in (("a", pods[:cut]), ("b", pods[cut:]))]

    def chosen(count: int) -> dict[str, bool]:
        kept = limited(slices, Limit(count, word(1)))
        return {one.addresses[0]: one.ready for each in kept for one in each.endpoints or ()}

    few, many = chosen(less), chosen(more)
    assert few.items() <= many.items()
    assert len(many) - len(few) == min(more, len(pods)) - min(less, len(pods))
    assert sum(few.values()) == min(less, sum(pod.ready for pod in pods))
