"""What can be read off the admission policies; what they refuse, tests/api/fleet/test_policy asks API servers."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from landbridge.clusters.ownership import import_name
from landbridge.fleet.policy import IMPORT_NAME, SYNC_POLICY, TENANT_POLICY, Limits, manifests
from tests.unit.objects import slice_

ALL = Limits(frozenset({"shop"}), ("10.1.0.0/16",), ("10.2.0.0/16",))


def spec(name: str, limits: Limits = ALL) -> dict[str, Any]:
    """The policy of that name."""
    found: dict[str, Any] = next(item["spec"] for item in manifests(limits) if item["metadata"]["name"] == name)
    return found


def text(name: str, limits: Limits = ALL) -> str:
    return msgspec.json.encode(spec(name, limits)).decode().replace('\\"', '"')


def test_an_error_stops_no_control_plane_s9() -> None:
    """A policy that cannot be evaluated lets a member's own slices pass."""
    assert spec(TENANT_POLICY)["failurePolicy"] == "Ignore"
    assert ".errored()" in text(TENANT_POLICY)


def test_rights_and_no_names_tell_who_a_tenant_is_s9() -> None:
    """A control plane is called as its vendor likes."""
    assert 'authorizer.group("discovery.k8s.io").resource("endpointslices").check("create")' in text(TENANT_POLICY)
    assert "system:" not in text(TENANT_POLICY)
    assert "userInfo" not in text(TENANT_POLICY)


def test_nobody_is_kept_from_deleting_s9() -> None:
    """Garbage collectors and dying namespaces come as anybody."""
    (rule,) = spec(TENANT_POLICY)["matchConstraints"]["resourceRules"]
    assert rule["operations"] == ["CREATE", "UPDATE"]


def test_an_error_stops_our_account_s9() -> None:
    assert spec(SYNC_POLICY)["failurePolicy"] == "Fail"


def test_our_account_alone_is_held_to_imports_s9() -> None:
    (condition,) = spec(SYNC_POLICY)["matchConditions"]
    user = "system:serviceaccount:landbridge-system:landbridge-sync"
    assert condition["expression"] == f'request.userInfo.username == "{user}"'


@pytest.mark.parametrize("part", ['["shop"]', "!variables.own.exists", '["10.1.0.0/16"].map', '["10.2.0.0/16"].map'])
def test_what_a_member_declares_is_in_its_policy_s9(part: str) -> None:
    assert part in text(SYNC_POLICY)
    assert part not in text(SYNC_POLICY, Limits())


def test_an_older_server_is_not_asked_to_compare_addresses() -> None:
    older = text(SYNC_POLICY, Limits(frozenset({"shop"}), ("10.1.0.0/16",), ("10.2.0.0/16",), by_address=False))
    assert "cidr(" not in older
    assert "ip(" not in older
    assert '["shop"]' in older


def test_every_import_is_called_as_the_policy_wants() -> None:
    assert re.match(IMPORT_NAME, import_name("fleet", "oldcluster", slice_("web-abcde")))
    assert not re.match(IMPORT_NAME, "web-abcde")


def test_every_policy_is_in_force() -> None:
    bindings = [item for item in manifests(Limits()) if item["kind"].endswith("Binding")]
    assert {item["spec"]["policyName"] for item in bindings} == {SYNC_POLICY, TENANT_POLICY}
    assert all(item["spec"]["validationActions"] == ["Deny"] for item in bindings)
