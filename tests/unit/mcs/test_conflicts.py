"""Each conflict; S4: one slice without hints turns zone preference off for the whole Service."""

from __future__ import annotations

import pytest

from landbridge.mcs.conflicts import FOREIGN_IMPORTS, TRAFFIC_DISTRIBUTION, conflict
from tests.unit.objects import service


@pytest.mark.parametrize("preference", ["PreferClose", "PreferSameZone", "PreferSameNode"])
def test_s4_a_preference_that_imports_switch_off_is_a_conflict(preference: str) -> None:
    found = conflict("new", service(traffic_distribution=preference), imports=True)
    assert found is not None
    reason, message = found
    assert reason == TRAFFIC_DISTRIBUTION == "TrafficDistributionConflict"
    assert message.startswith(f"new: trafficDistribution {preference} has no effect")


def test_a_preference_without_imports_is_none() -> None:
    assert conflict("new", service(traffic_distribution="PreferClose"), imports=False) is None


def test_imports_without_a_preference_are_none() -> None:
    assert conflict("new", service(), imports=True) is None


def test_a_missing_service_is_none() -> None:
    assert conflict("new", None, imports=True) is None


def test_imports_of_another_fleet_are_a_conflict_with_the_command() -> None:
    found = conflict("new", service(traffic_distribution="PreferClose"), imports=True, strangers=("fleet-0", "fleet-9"))
    assert found is not None
    reason, message = found
    assert reason == FOREIGN_IMPORTS == "ForeignImports"
    assert "landbridge fleet sweep new --fleet fleet-0" in message
