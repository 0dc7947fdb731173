"""S10: one host name of a headless Service, one cluster."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from landbridge.api.discovery import EndpointPort, EndpointSlice
from landbridge.api.names import CONTROL_PLANE_MANAGER, HOST_NAMES_OF
from landbridge.clusters.ownership import source
from landbridge.mcs.plan import Changes, plan
from landbridge.mcs.views import ProviderView, View
from landbridge.mcs.withheld import withheld
from tests.unit.mcs.views import applied, provider, view
from tests.unit.objects import FLEET_UID, endpoint, service, slice_

HEADLESS = service(headless=True)

examples = settings(deadline=None, max_examples=150, derandomize=True, database=None)


def named(*hostnames: str, network: int = 1, name: str = "s", ready: bool = True) -> EndpointSlice:
    """The slice of a StatefulSet."""
    endpoints = (endpoint(f"10.{network}.0.{hostname[-1]}", ready=ready, hostname=hostname) for hostname in hostnames)
    return replace(slice_(name), endpoints=tuple(endpoints), ports=(EndpointPort("http", "TCP", 8080),))


OLD = provider(named("db-0", "db-1"), name="old", there=HEADLESS)
OLDER = provider(named("db-0", "db-2", network=2), name="older", there=HEADLESS)


def look(
    *providers: ProviderView,
    own: tuple[EndpointSlice, ...] = (),
    imports: tuple[EndpointSlice, ...] = (),
    listed: tuple[str, ...] = (),
    shared: bool = False,
) -> View:
    return view(*providers, there=HEADLESS, own=own, imports=imports, listed=listed, shared=shared)


def step(
    *providers: ProviderView,
    own: tuple[EndpointSlice, ...] = (),
    imports: tuple[EndpointSlice, ...] = (),
    listed: tuple[str, ...] = (),
    shared: bool = False,
) -> tuple[EndpointSlice, ...]:
    """The imports after a plan."""
    seen = look(*providers, own=own, imports=imports, listed=listed, shared=shared)
    return applied(imports, plan(seen))


def held(imports: tuple[EndpointSlice, ...]) -> dict[str, list[str]]:
    """The clusters from which each host name is imported."""
    found: dict[str, list[str]] = {}
    for import_ in imports:
        for one in import_.endpoints or ():
            found.setdefault(one.hostname or "", []).append(source(import_, FLEET_UID))
    return found


def blind(of: ProviderView) -> ProviderView:
    return ProviderView(of.name, False, of.service, of.slices)


def restarting(of: ProviderView) -> ProviderView:
    """None of its pods is there; its control plane keeps a slice."""
    return replace_slices(of, named())


def replace_slices(of: ProviderView, *slices: EndpointSlice) -> ProviderView:
    return ProviderView(of.name, of.live, of.service, slices, gate=of.gate)


def test_all_host_names_are_those_of_the_first_of_the_spec_s10() -> None:
    assert held(step(OLD, OLDER)) == {"db-0": ["old"], "db-1": ["old"]}
    assert held(step(OLDER, OLD)) == {"db-0": ["older"], "db-2": ["older"]}


def test_they_stay_while_every_pod_of_the_holder_restarts_s10() -> None:
    imports = step(OLD, OLDER)
    imports = step(restarting(OLD), OLDER, imports=imports)
    assert held(imports) == {}
    assert held(step(OLD, OLDER, imports=imports)) == {"db-0": ["old"], "db-1": ["old"]}


def test_a_slice_in_place_of_the_holders_last_one_takes_its_names_over_s10() -> None:
    imports = step(OLD, OLDER)
    imports = step(replace_slices(OLD, named(name="placeholder")), OLDER, imports=imports)
    assert held(step(replace_slices(OLD, named("db-0", name="t")), OLDER, imports=imports)) == {"db-0": ["old"]}


def test_they_stay_with_who_has_them_whatever_the_order_s10() -> None:
    imports = step(OLDER)
    assert held(step(OLD, OLDER, imports=imports)) == {"db-0": ["older"], "db-2": ["older"]}
    imports = step(OLD, restarting(OLDER), imports=imports)
    assert held(imports) == {}, "also while none of its pods is there"


def test_they_pass_on_with_the_holders_listing_s10() -> None:
    imports = step(OLD, OLDER)
    assert held(step(OLDER, imports=imports)) == {"db-0": ["older"], "db-2": ["older"]}


@pytest.mark.parametrize("gone", [ProviderView("old", True, None, ()), ProviderView("old", True, HEADLESS, ())])
def test_they_pass_on_when_the_holder_exports_no_more_s10(gone: ProviderView) -> None:
    imports = step(OLD, OLDER)
    assert held(step(gone, OLDER, imports=imports)) == {"db-0": ["older"], "db-2": ["older"]}


def test_a_holder_out_of_view_keeps_them_s7() -> None:
    imports = step(OLD, OLDER)
    assert held(step(blind(OLD), OLDER, imports=imports)) == {"db-0": ["old"], "db-1": ["old"]}
    imports = step(restarting(OLD), OLDER, imports=imports)
    assert held(step(blind(OLD), OLDER, imports=imports)) == {}


def test_a_holder_whose_slices_cannot_be_read_keeps_them_s7() -> None:
    imports = step(OLD, OLDER)
    unread = ProviderView("old", True, HEADLESS, (), frozenset({"s"}))
    assert held(step(unread, OLDER, imports=imports)) == {"db-0": ["old"], "db-1": ["old"]}


def test_a_provider_out_of_view_that_nobody_wrote_down_holds_nothing_s10() -> None:
    assert held(step(blind(OLD), OLDER))["db-0"] == ["older"]


def test_a_provider_without_headless_service_holds_nothing_s10() -> None:
    plain = provider(named("db-0"), name="plain", there=service())
    assert held(step(plain, OLDER)) == {"db-0": ["older"], "db-2": ["older"]}


def test_whom_the_spec_does_not_name_holds_nothing_whatever_an_import_says_s10() -> None:
    """Anybody in the consumer may write there."""
    imports = step(OLD)
    forged = tuple(
        replace(one, metadata=replace(one.metadata, annotations=one.metadata.annotations | {HOST_NAMES_OF: "nobody"}))
        for one in imports
    )
    assert {one.metadata.annotations[HOST_NAMES_OF] for one in step(OLD, OLDER, imports=forged)} == {"old"}


def test_a_consumer_that_is_a_provider_holds_its_own_s10() -> None:
    """Also while none of its pods is there: or another's would get its callers then."""
    mine, listed = (managed_here(named("db-0", network=9)),), ("new", "old")
    imports = step(OLD, own=mine, listed=listed)
    assert held(imports) == {}
    empty = (managed_here(named()),)
    assert held(step(OLD, own=empty, listed=listed, imports=imports)) == {}
    assert held(step(OLD, own=empty, listed=("old", "new"), imports=imports)) == {}
    assert held(step(OLD, own=empty, listed=("old",), imports=imports)) == {"db-0": ["old"], "db-1": ["old"]}


def test_a_consumer_that_is_listed_later_has_those_of_the_first_s10() -> None:
    assert held(step(OLD, own=(managed_here(named()),), listed=("old", "new"))) == {"db-0": ["old"], "db-1": ["old"]}


def managed_here(of: EndpointSlice) -> EndpointSlice:
    assert of.managed_by == CONTROL_PLANE_MANAGER
    return of


@pytest.mark.parametrize("shared", [False, True])
def test_a_host_name_of_the_consumers_own_is_not_imported_s10(shared: bool) -> None:
    own = (named("db-0", network=9),)
    assert held(step(OLD, own=own, shared=shared)) == {"db-1": ["old"]}
    assert held(step(OLD, own=own, shared=shared, imports=step(OLD))) == {"db-1": ["old"]}, "and taken back"


def test_one_that_is_not_ready_is_there_all_the_same_s10() -> None:
    assert held(step(OLD, own=(named("db-0", network=9, ready=False),))) == {"db-1": ["old"]}


def test_shared_each_name_is_that_of_whose_pod_has_it_s10() -> None:
    assert held(step(OLD, OLDER, shared=True)) == {"db-0": ["old"], "db-1": ["old"], "db-2": ["older"]}
    assert held(step(OLDER, OLD, shared=True)) == {"db-0": ["older"], "db-1": ["old"], "db-2": ["older"]}


def test_shared_a_name_stays_with_who_has_it_whatever_the_order_s10() -> None:
    imports = step(OLDER, shared=True)
    assert held(step(OLD, OLDER, imports=imports, shared=True))["db-0"] == ["older"]


def test_shared_a_name_changes_hands_when_it_is_given_up_s10() -> None:
    imports = step(OLD, OLDER, shared=True)
    without = replace_slices(OLD, named("db-1"))
    assert held(step(without, OLDER, imports=imports, shared=True))["db-0"] == ["older"]


def test_shared_a_name_that_a_provider_out_of_view_had_is_nobody_elses_s7() -> None:
    imports = step(OLD, shared=True)
    found = held(step(blind(OLD), OLDER, imports=imports, shared=True))
    assert found == {"db-0": ["old"], "db-1": ["old"], "db-2": ["older"]}


def test_shared_a_name_of_a_slice_that_cannot_be_read_is_nobody_elses_s7() -> None:
    imports = step(OLD, shared=True)
    unread = ProviderView("old", True, HEADLESS, (), frozenset({"s"}))
    assert held(step(unread, OLDER, imports=imports, shared=True))["db-0"] == ["old"]


def test_shared_an_endpoint_whose_address_is_not_imported_holds_no_name_s9() -> None:
    forged = named("db-0", name="forged")
    outside = replace(forged, endpoints=(endpoint("192.0.2.1", hostname="db-0"),))
    found = held(step(provider(outside, there=HEADLESS), OLDER, shared=True))
    assert found == {"db-0": ["older"], "db-2": ["older"]}


def test_one_provider_may_have_a_name_in_several_slices_s10() -> None:
    six = replace(named(name="t"), address_type="IPv6", endpoints=(endpoint("fd00::1", hostname="db-0"),))
    dual = provider(named("db-0"), six, there=HEADLESS)
    assert held(step(dual)) == {"db-0": ["old", "old"]}


def test_endpoints_without_host_name_are_all_imported_s10() -> None:
    own = (slice_("own", "10.9.0.1"),)
    both = (
        provider(slice_("a", "10.1.0.1"), there=HEADLESS),
        provider(slice_("b", "10.2.0.1"), name="b", there=HEADLESS),
    )
    assert len(held(step(*both, own=own))[""]) == len(both)


def test_a_service_with_cluster_ip_imports_endpoints_whatever_they_are_called_s10() -> None:
    assert held(applied((), plan(view(OLD, OLDER)))) == {"db-0": ["old", "older"], "db-1": ["old"], "db-2": ["older"]}


def test_what_is_withheld_is_told_with_whose_they_are_s10() -> None:
    ((reason, message),) = withheld(look(OLD, OLDER))
    assert reason == "HostnameConflict"
    assert message.startswith(
        "new: host name db-0, db-2 of older is not imported, all are old's; to pass them on, take"
    )
    assert message.endswith("annotate the MultiClusterService with landbridge.dev/host-names=shared")
    ((_, message),) = withheld(look(OLD, own=(named("db-0", "db-1"),)))
    assert message.startswith("new: host name db-0, db-1 of old is not imported, new holds it too")
    ((_, message),) = withheld(look(OLD, OLDER, shared=True))
    assert message.startswith("new: host name db-0 of older is not imported, old holds it too")


def test_where_every_name_is_held_once_nothing_is_told_s10() -> None:
    assert withheld(look(OLD, own=(named("db-7"),))) == ()
    assert withheld(look(OLD, replace_slices(OLDER, named("db-2")), shared=True)) == ()


hostnames = st.lists(st.sampled_from(["db-0", "db-1", "db-2"]), max_size=3, unique=True)
providers = st.lists(
    st.builds(
        lambda name, names, live: ProviderView(name, live, HEADLESS, (named(*names),) if names else ()),
        st.sampled_from(["old", "older", "oldest"]),
        hostnames,
        st.booleans(),
    ),
    max_size=3,
    unique_by=lambda one: one.name,
).map(tuple)
own = hostnames.map(lambda names: (named(*names, network=9),) if names else ())


@examples
@given(providers, providers, own, st.booleans())
def test_no_name_is_ever_held_twice_but_by_what_cannot_be_seen_s10(
    before: tuple[ProviderView, ...], after: tuple[ProviderView, ...], mine: tuple[EndpointSlice, ...], shared: bool
) -> None:
    imports = step(*before, shared=shared)
    imports = step(*after, own=mine, imports=imports, shared=shared)
    assert plan(look(*after, own=mine, imports=imports, shared=shared)) == Changes(), "and it stays so"
    assert all(len(clusters) == 1 for clusters in held(imports).values())
    at_home = {one.hostname for slice_ in mine for one in slice_.endpoints or ()}
    unseen = {one.name for one in after if not one.live}
    assert all(set(held(imports).get(name or "", ())) <= unseen for name in at_home)


lives = st.lists(st.tuples(hostnames, st.booleans(), hostnames, st.booleans()), min_size=1, max_size=6)


@examples
@given(lives, st.booleans())
def test_no_name_goes_to_another_while_its_service_is_there_s10(
    life: list[tuple[list[str], bool, list[str], bool]], third: bool
) -> None:
    """Whatever pods come and go, whoever is out of view: in a third cluster, and in the holder itself."""
    imports: tuple[EndpointSlice, ...] = step(OLD) if third else ()
    for names, live, theirs, seen in life:
        victim = ProviderView("old", live, HEADLESS, (named(*names),), gate=OLD.gate)
        thief = ProviderView("thief", seen, HEADLESS, (named(*theirs, network=6),), gate=OLD.gate)
        if third:
            imports = step(thief, victim, imports=imports)
        else:
            imports = step(thief, own=(named(*names, network=9),), imports=imports, listed=("new", "thief"))
        assert not [name for name, clusters in held(imports).items() if "thief" in clusters]
