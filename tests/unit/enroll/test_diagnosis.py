from __future__ import annotations

import pytest

from landbridge.enroll.diagnosis import controller_state
from tests.unit.memory_api import MemoryApi

PATH = "/apis/coordination.k8s.io/v1/namespaces/landbridge-system/leases/landbridge-controller"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (None, "no controller has run"),
        ({"holderIdentity": "", "renewTime": "1970-01-01T00:16:40.000000Z"}, "has stopped"),
        ({"holderIdentity": "host_1", "renewTime": "1970-01-01T00:00:00.000000Z"}, "last seen 1000 s ago"),
        ({"holderIdentity": "host_1", "renewTime": "1970-01-01T00:16:38.000000Z"}, "is at work"),
    ],
)
async def test_the_lease_says_whether_a_controller_works(spec: dict[str, str] | None, words: str) -> None:
    hub = MemoryApi()
    if spec is not None:
        hub.put(PATH, {"spec": spec})
    assert words in await controller_state(hub, now=lambda: 1_000.0)
