"""S10: one host name of a headless Service, one cluster."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from landbridge.api.discovery import EndpointPort, EndpointSlice
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
    *providers: ProviderView, own: tuple[EndpointSlice, ...] = (), imports: tuple[EndpointSlice, ...] = ()
) -> View:
    return view(*providers, there=HEADLESS, own=own, imports=imports)


def step(
    *providers: ProviderView, own: tuple[EndpointSlice, ...] = (), imports: tuple[EndpointSlice, ...] = ()
) -> tuple[EndpointSlice, ...]:
    """The imports after a plan."""
    return applied(imports, plan(look(*providers, own=own, imports=imports)))


def held(imports: tuple[EndpointSlice, ...]) -> dict[str, list[str]]:
    """The clusters from which each host name is imported."""
    found: dict[str, list[str]] = {}
    for import_ in imports:
        for one in import_.endpoints or ():
            found.setdefault(one.hostname or "", []).append(source(import_, FLEET_UID))
    return found


def blind(of: ProviderView) -> ProviderView:
    return ProviderView(of.name, False, of.service, of.slices)


def test_a_host_name_of_the_consumers_own_is_not_imported_s10() -> None:
    assert held(step(OLD, own=(named("db-0", network=9),))) == {"db-1": ["old"]}


def test_one_that_is_not_ready_is_there_all_the_same_s10() -> None:
    assert held(step(OLD, own=(named("db-0", network=9, ready=False),))) == {"db-1": ["old"]}


def test_an_import_of_which_nothing_is_left_is_not_written_s10() -> None:
    assert step(provider(named("db-0"), there=HEADLESS), own=(named("db-0", network=9),)) == ()


def test_of_two_providers_the_first_of_the_spec_is_imported_s10() -> None:
    assert held(step(OLD, OLDER)) == {"db-0": ["old"], "db-1": ["old"], "db-2": ["older"]}
    assert held(step(OLDER, OLD)) == {"db-0": ["older"], "db-1": ["old"], "db-2": ["older"]}


def test_a_name_stays_with_who_has_it_whatever_the_order_s10() -> None:
    imports = step(OLDER)
    assert held(step(OLD, OLDER, imports=imports))["db-0"] == ["older"]


def test_a_name_changes_hands_when_it_is_given_up_s10() -> None:
    imports = step(OLD, OLDER)
    without = provider(named("db-1"), name="old", there=HEADLESS)
    assert held(step(without, OLDER, imports=imports))["db-0"] == ["older"]


def test_a_name_that_a_provider_out_of_view_had_is_nobody_elses_s10() -> None:
    imports = step(OLD)
    assert held(step(blind(OLD), OLDER, imports=imports)) == {"db-0": ["old"], "db-1": ["old"], "db-2": ["older"]}


def test_a_name_of_a_slice_that_cannot_be_read_is_nobody_elses_s10() -> None:
    imports = step(OLD)
    unread = ProviderView("old", True, HEADLESS, (), frozenset({"s"}))
    assert held(step(unread, OLDER, imports=imports))["db-0"] == ["old"]


def test_a_provider_out_of_view_of_which_nothing_is_imported_holds_nothing_s10() -> None:
    assert held(step(blind(OLD), OLDER))["db-0"] == ["older"]


def test_a_name_that_the_consumer_gets_itself_is_taken_back_s10() -> None:
    imports = step(OLD)
    assert held(step(OLD, own=(named("db-0", network=9),), imports=imports)) == {"db-1": ["old"]}


def test_an_endpoint_whose_address_is_not_imported_holds_no_name_s9() -> None:
    forged = named("db-0", name="forged")
    outside = replace(forged, endpoints=(endpoint("192.0.2.1", hostname="db-0"),))
    assert held(step(provider(outside, there=HEADLESS), OLDER)) == {"db-0": ["older"], "db-2": ["older"]}


def test_one_provider_may_have_a_name_in_several_slices_s10() -> None:
    six = replace(named(name="t"), address_type="IPv6", endpoints=(endpoint("fd00::1", hostname="db-0"),))
    dual = provider(named("db-0"), six, there=HEADLESS)
    assert held(step(dual)) == {"db-0": ["old", "old"]}


def test_endpoints_without_host_name_are_all_imported_s10() -> None:
    own = (slice_("own", "10.9.0.1"),)
    assert len(step(provider(slice_("a", "10.1.0.1"), there=HEADLESS), own=own)) == 1


def test_a_service_with_cluster_ip_imports_endpoints_whatever_they_are_called_s10() -> None:
    assert held(applied((), plan(view(OLD, OLDER)))) == {"db-0": ["old", "older"], "db-1": ["old"], "db-2": ["older"]}


def test_what_is_withheld_is_told_with_who_holds_it_s10() -> None:
    ((reason, message),) = withheld(look(OLD, OLDER))
    assert reason == "HostnameConflict"
    assert message.startswith("new: host name db-0 of older is not imported, old holds it too")
    ((_, message),) = withheld(look(OLD, own=(named("db-0", "db-1"),)))
    assert message.startswith("new: host name db-0, db-1 of old is not imported, new holds it too")


def test_where_every_name_is_held_once_nothing_is_told_s10() -> None:
    assert withheld(look(OLD, own=(named("db-7"),))) == ()


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
@given(providers, providers, own)
def test_no_name_is_ever_held_twice_but_by_what_cannot_be_seen_s10(
    before: tuple[ProviderView, ...], after: tuple[ProviderView, ...], mine: tuple[EndpointSlice, ...]
) -> None:
    imports = step(*before)
    imports = step(*after, own=mine, imports=imports)
    assert plan(look(*after, own=mine, imports=imports)) == Changes(), "and it stays so"
    assert all(len(clusters) == 1 for clusters in held(imports).values())
    at_home = {one.hostname for slice_ in mine for one in slice_.endpoints or ()}
    unseen = {one.name for one in after if not one.live}
    assert all(set(held(imports).get(name or "", ())) <= unseen for name in at_home)
