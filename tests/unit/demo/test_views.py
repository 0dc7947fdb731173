"""When the clusters agree on who serves."""

from typing import Any

import pytest

from demo.chain import NEW, OLD, Serving
from demo.views import Endpoints, ready_endpoints, reported_endpoints, settled

BOTH: Serving = ((OLD,), (OLD, NEW), (OLD,))
VIEW: Endpoints = {
    "service1": frozenset({"10.0.0.1"}),
    "service2": frozenset({"10.0.0.2", "10.1.0.2"}),
    "service3": frozenset({"10.0.0.3"}),
}
REPORTED = {"service1": 1, "service2": 2, "service3": 1}


def endpoint_slice(service: str, *endpoints: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"labels": {"kubernetes.io/service-name": service}}, "endpoints": list(endpoints)}


def test_endpoints_of_all_slices_of_a_service_count() -> None:
    native = endpoint_slice("service2", {"addresses": ["10.0.0.2"], "conditions": {"ready": True}})
    imported = endpoint_slice("service2", {"addresses": ["10.1.0.2"]})
    assert ready_endpoints({"items": [native, imported]}) == {"service2": {"10.0.0.2", "10.1.0.2"}}


def test_endpoints_that_are_not_ready_do_not_count() -> None:
    ending = endpoint_slice("service2", {"addresses": ["10.0.0.2"], "conditions": {"ready": False, "serving": True}})
    empty = {"metadata": {"labels": {"kubernetes.io/service-name": "service1"}}, "endpoints": None}
    assert ready_endpoints({"items": [ending, empty]}) == {}


def test_service_without_status_reports_nothing() -> None:
    items = [{"metadata": {"name": "service1"}}, {"metadata": {"name": "service2"}, "status": {"endpoints": 2}}]
    assert reported_endpoints({"items": items}) == {"service1": 0, "service2": 2}


def test_clusters_that_know_the_same_and_right_number_agree() -> None:
    assert settled(BOTH, [VIEW, VIEW], REPORTED)
    assert settled(BOTH, [VIEW], None)


@pytest.mark.parametrize(
    ("views", "reported"),
    [
        pytest.param([VIEW, VIEW | {"service2": frozenset({"10.0.0.2"})}], REPORTED, id="one view lacks a pod"),
        pytest.param([VIEW, VIEW | {"service1": frozenset({"10.9.9.9"})}], REPORTED, id="one view has another pod"),
        pytest.param([VIEW | {"service2": frozenset({"10.0.0.2"})}] * 2, REPORTED, id="both lack a pod"),
        pytest.param([VIEW, VIEW], REPORTED | {"service2": 1}, id="the fleet reports fewer"),
        pytest.param([{}, {}], {}, id="nobody knows anything"),
    ],
)
def test_clusters_that_differ_do_not_agree(views: list[Endpoints], reported: dict[str, int]) -> None:
    assert not settled(BOTH, views, reported)
