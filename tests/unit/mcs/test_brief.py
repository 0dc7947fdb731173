"""What is left of a status that the hub does not take."""

from __future__ import annotations

import msgspec

from landbridge.api.multicluster import ClusterStatus, Condition, MultiClusterServiceStatus
from landbridge.mcs.brief import brief

WHOLE = MultiClusterServiceStatus(
    3,
    (
        Condition("Ready", "False", "NoService", "new: make it", "now", 3),
        Condition("Conflict", "True", "PortConflict", "m" * 4000),
    ),
    "a," * 50_000,
    "old,new",
    7,
    tuple(ClusterStatus(f"cluster-{number}", message="m" * 1000) for number in range(2000)),
)


def test_s15_a_brief_status_is_short_and_says_what_it_lacks_and_why() -> None:
    found = brief(WHOLE, "413 too large")
    assert found.clusters == ()
    assert len(msgspec.json.encode(found)) < 4000
    ready, conflict = found.conditions
    assert (ready.status, ready.reason, ready.last_transition_time) == ("False", "NoService", "now")
    assert ready.message == (
        "new: make it; the hub refused the whole status, so the rows of the clusters are left out: 413 too large"
    )
    assert conflict.reason == "PortConflict"
    assert (found.observed_generation, found.consumers, found.endpoints) == (3, "old,new", 7)
