"""A CRD that is not ours is changed by a person's word alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from landbridge.api import crd
from landbridge.api.names import PART_OF, PRODUCT
from landbridge.enroll.definitions import FOREIGN_CRD, INCOMPATIBLE_CRD, Existing, to_apply
from landbridge.enroll.manifests import path
from landbridge.fleet.refusal import RefusedError
from tests.unit.memory_api import MemoryApi

OURS = crd.render(crd.MULTI_CLUSTER_SERVICE)
APPLIED = {"manager": "landbridge", "operation": "Apply"}


def vendors() -> dict[str, Any]:
    """A CRD of the same name, with a field and a version more, and a status that keeps nothing of ours."""
    found = copy.deepcopy(OURS)
    del found["metadata"]["labels"]
    found["metadata"]["managedFields"] = [{"manager": "ack-one", "operation": "Update"}]
    version = found["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"]["properties"]["vendorField"] = {"type": "string"}
    version["schema"]["openAPIV3Schema"]["properties"]["status"] = {"type": "object"}
    found["spec"]["versions"].append({**copy.deepcopy(version), "name": "v1beta1", "storage": False})
    return found


async def decided(found: dict[str, Any], existing: Existing, said: list[str]) -> bool:
    hub = MemoryApi()
    hub.put(path(OURS), found)
    return bool(await to_apply(hub, [OURS], existing, said.append))


async def test_a_hub_without_one_gets_it() -> None:
    assert await to_apply(MemoryApi(), [OURS], Existing.REFUSE, lambda line: None) == [OURS]


@pytest.mark.parametrize("meta", [{"labels": {PART_OF: PRODUCT}}, {"managedFields": [APPLIED]}])
async def test_one_of_ours_is_upgraded_without_a_question(meta: dict[str, Any]) -> None:
    found = vendors()
    assert await decided({**found, "metadata": {"name": OURS["metadata"]["name"], **meta}}, Existing.REFUSE, [])


async def test_that_of_others_is_refused_with_what_would_change() -> None:
    with pytest.raises(RefusedError, match=r"versions v1beta1 go; fields of v1alpha1 go: vendorField; .* come: ") as no:
        await decided(vendors(), Existing.REFUSE, [])
    assert no.value.reason == FOREIGN_CRD
    assert "--existing-crd keep" in str(no.value)


async def test_that_of_others_is_replaced_when_a_person_says_so() -> None:
    said: list[str] = []
    assert await decided(vendors(), Existing.REPLACE, said)
    assert "is not ours and is replaced: versions v1beta1 go" in said[0]


async def test_that_of_others_is_kept_where_it_would_do() -> None:
    found = vendors()
    found["spec"]["versions"][0]["schema"] = {
        "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    }
    said: list[str] = []
    assert not await decided(found, Existing.KEEP, said)
    assert "stays as it is" in said[0]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, "would drop status."),
        ({"served": False}, "does not serve version v1alpha1"),
        ({"subresources": {}}, "no subresource status"),
    ],
)
async def test_that_of_others_is_not_kept_where_it_would_not_do(change: dict[str, Any], why: str) -> None:
    found = vendors()
    found["spec"]["versions"][0].update(change)
    with pytest.raises(RefusedError, match=why) as no:
        await decided(found, Existing.KEEP, [])
    assert no.value.reason == INCOMPATIBLE_CRD
