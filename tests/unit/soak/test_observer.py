"""The observer knows whose a steady endpoint is."""

from __future__ import annotations

import pytest

from landbridge.api.discovery import Endpoint, EndpointSlice
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import CONTROL_PLANE_MANAGER, MANAGED_BY, MANAGER, SOURCE_CLUSTER
from tests.soak.observer import sent, steady


@pytest.mark.parametrize(
    ("labels", "address", "whose"),
    [
        ({MANAGED_BY: CONTROL_PLANE_MANAGER}, "10.1.0.200", {"new"}),
        ({MANAGED_BY: MANAGER, SOURCE_CLUSTER: "old"}, "10.1.0.200", {"old"}),
        ({MANAGED_BY: MANAGER, SOURCE_CLUSTER: "old"}, "10.1.0.20", set()),
        ({MANAGED_BY: "someone.else", SOURCE_CLUSTER: "old"}, "10.1.0.200", set()),
    ],
    ids=["its own", "an import", "another endpoint", "a stranger's slice"],
)
def test_whose_steady_endpoint_a_slice_has(labels: dict[str, str], address: str, whose: set[str]) -> None:
    slice_ = EndpointSlice(metadata=ObjectMeta("web-a", "soak", labels=labels), endpoints=(Endpoint((address,)),))
    assert steady("new", (slice_,)) == whose


def test_what_a_dark_provider_sent_is_seen() -> None:
    labels = {MANAGED_BY: MANAGER, SOURCE_CLUSTER: "new"}
    slice_ = EndpointSlice(metadata=ObjectMeta("web-a", "soak", labels=labels), endpoints=(Endpoint(("10.2.0.7",)),))
    assert sent("new", (slice_,)) == {"10.2.0.7"}
    assert sent("old", (slice_,)) == sent("", (slice_,)) == set()
