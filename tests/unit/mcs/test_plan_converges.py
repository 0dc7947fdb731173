"""S12 over everything that providers can look like: what a plan wrote, the next plan leaves alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.api.core import Service
from landbridge.api.discovery import Conditions, Endpoint, EndpointPort, EndpointSlice
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import CONTROL_PLANE_MANAGER, LAST_CHANGE, MANAGED_BY, SERVICE_NAME
from landbridge.clusters.ownership import source
from landbridge.mcs.intent import CONSUMER, Intent
from landbridge.mcs.plan import Changes, plan
from landbridge.mcs.views import ConsumerView, ProviderView, View
from tests.unit.mcs.views import SINCE, applied
from tests.unit.objects import FLEET_UID, SERVICE2, service

examples = settings(deadline=None, max_examples=50, derandomize=True, database=None)

flags = st.sampled_from([None, True, False])
endpoints = st.builds(
    Endpoint,
    st.sampled_from([("10.1.0.1",), ("10.1.0.2",), ("10.1.0.3",)]),
    st.builds(Conditions, flags, flags, flags),
    st.sampled_from([None, "web-0"]),
)
ports = st.builds(
    EndpointPort,
    st.sampled_from([None, "", "http", "dns"]),
    st.sampled_from([None, "TCP", "UDP", "SCTP"]),
    st.sampled_from([None, 53, 8080]),
    st.sampled_from([None, "kubernetes.io/h2c"]),
)


@st.composite
def slices(draw: st.DrawFn) -> EndpointSlice:
    labels = {SERVICE_NAME: SERVICE2.name, MANAGED_BY: draw(st.sampled_from([CONTROL_PLANE_MANAGER, "someone"]))}
    times = st.sampled_from(["", "2025-01-01T00:00:00Z", "2027-01-01T00:00:00.5Z"])
    annotations = {LAST_CHANGE: time} if (time := draw(times)) else {}
    return EndpointSlice(
        ObjectMeta(draw(st.sampled_from("abc")), SERVICE2.namespace, labels=labels, annotations=annotations),
        draw(st.sampled_from(["IPv4", "IPv6"])),
        draw(st.none() | st.lists(endpoints, max_size=3).map(tuple)),
        draw(st.none() | st.lists(ports, max_size=2).map(tuple)),
    )


def providers() -> st.SearchStrategy[tuple[ProviderView, ...]]:
    named = st.lists(slices(), max_size=3, unique_by=lambda s: s.metadata.name).map(tuple)
    known = st.sampled_from([None, service(), service(selector=False)])
    one = st.builds(ProviderView, st.sampled_from(["old", "older"]), st.booleans(), known, named)
    return st.lists(one, max_size=2, unique_by=lambda p: p.name).map(tuple)


def seen(providers: tuple[ProviderView, ...], there: Service, imports: tuple[EndpointSlice, ...]) -> View:
    return View(FLEET_UID, SERVICE2, Intent.SYNC, CONSUMER, providers, ConsumerView("new", there, imports), SINCE)


consumers = st.sampled_from([service(), service(headless=True)])


@examples
@given(providers(), providers(), consumers)
def test_s12_the_plan_of_what_a_plan_wrote_is_empty(
    before: tuple[ProviderView, ...], after: tuple[ProviderView, ...], there: Service
) -> None:
    imports = applied((), plan(seen(before, service(), ())))
    imports = applied(imports, plan(seen(after, there, imports)))
    assert plan(seen(after, there, imports)) == Changes()


@examples
@given(providers(), providers())
def test_s7_no_plan_takes_away_what_came_from_a_provider_that_cannot_be_seen(
    before: tuple[ProviderView, ...], after: tuple[ProviderView, ...]
) -> None:
    imports = applied((), plan(seen(before, service(), ())))
    blind = {provider.name for provider in after if not provider.live}
    assert not blind & {source(change.slice, FLEET_UID) for change in plan(seen(after, service(), imports)).delete}


@examples
@given(providers())
def test_s3_no_two_imports_have_one_name(of: tuple[ProviderView, ...]) -> None:
    names = [change.slice.metadata.name for change in plan(seen(of, service(), ())).create]
    assert len(set(names)) == len(names)
