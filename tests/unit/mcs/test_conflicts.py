"""What one cluster cannot do as its Service says; S4: one slice without hints turns zone preference off."""

from __future__ import annotations

import pytest

from landbridge.api.core import Service
from landbridge.mcs.conflicts import (
    EXTERNAL_TRAFFIC_POLICY,
    FOREIGN_IMPORTS,
    INTERNAL_TRAFFIC_POLICY,
    NETWORK_ENDPOINT_GROUP,
    TRAFFIC_DISTRIBUTION,
    conflicts_in,
)
from tests.unit.objects import service

NEG = {"cloud.google.com/neg": '{"ingress": true}'}
UNUSED: dict[str, tuple[Service, str]] = {
    "pods of the caller's node alone": (service(internal_traffic_policy="Local"), INTERNAL_TRAFFIC_POLICY),
    "pods of the node where it arrives": (service(external_traffic_policy="Local"), EXTERNAL_TRAFFIC_POLICY),
    "pods that a load balancer reaches": (service(annotations=NEG), NETWORK_ENDPOINT_GROUP),
    "zones": (service(traffic_distribution="PreferClose"), TRAFFIC_DISTRIBUTION),
}


def reasons(there: Service | None, *, imports: bool = True) -> list[str]:
    return [conflict.reason for conflict in conflicts_in("new", there, imports=imports)]


@pytest.mark.parametrize("preference", ["PreferClose", "PreferSameZone", "PreferSameNode"])
def test_s4_a_preference_that_imports_switch_off_is_a_conflict(preference: str) -> None:
    (found,) = conflicts_in("new", service(traffic_distribution=preference), imports=True)
    assert found.reason == TRAFFIC_DISTRIBUTION == "TrafficDistributionConflict"
    assert found.message.startswith(f"new: trafficDistribution {preference} has no effect")
    assert found.clusters == ("new",)


@pytest.mark.parametrize(("there", "reason"), UNUSED.values(), ids=UNUSED.keys())
def test_what_makes_less_of_imports_than_of_own_endpoints_is_a_conflict_s10(there: Service, reason: str) -> None:
    assert reasons(there) == [reason]


@pytest.mark.parametrize("there", [there for there, _ in UNUSED.values()], ids=UNUSED.keys())
def test_without_imports_it_is_none_s10(there: Service) -> None:
    assert reasons(there, imports=False) == []


def test_imports_of_a_service_that_asks_for_nothing_are_none() -> None:
    assert reasons(service(internal_traffic_policy="Cluster", external_traffic_policy="Cluster")) == []


@pytest.mark.parametrize("there", [None, service(type="ExternalName", internal_traffic_policy="Local")])
def test_a_service_that_is_missing_or_an_alias_is_none(there: Service | None) -> None:
    assert reasons(there) == []


def test_what_is_kube_proxys_is_none_of_a_headless_service() -> None:
    assert reasons(service(headless=True, internal_traffic_policy="Local", traffic_distribution="PreferClose")) == []


def test_imports_of_another_fleet_are_a_conflict_with_the_command() -> None:
    zoned = service(traffic_distribution="PreferClose")
    found, _ = conflicts_in("new", zoned, imports=True, strangers=("fleet-0", "fleet-9"))
    assert found.reason == FOREIGN_IMPORTS == "ForeignImports"
    assert "landbridge fleet sweep new --fleet fleet-0" in found.message


def test_what_is_withheld_is_told_as_it_comes() -> None:
    (found,) = conflicts_in("new", service(), imports=True, withheld=[("SomeConflict", "new: so it is")])
    assert found == ("SomeConflict", "new: so it is", ("new",))
