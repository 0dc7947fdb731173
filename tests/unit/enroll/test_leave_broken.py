"""A leave that breaks at any of its requests is completed by doing it again; what would break it is found first."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from landbridge.enroll.aggregated import BROKEN_API
from landbridge.enroll.leave import NOT_A_MEMBER, leave
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import JSON
from landbridge.kube.errors import UnreachableError, api_error
from tests.silence import silent
from tests.unit.fleet.stage import ACCOUNT, SECRET, SYSTEM, TOKEN, TokenController, fleet_hub, join_in_memory
from tests.unit.memory_api import Body, MemoryApi

APISERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
KUBE_SYSTEM = "/api/v1/namespaces/kube-system"
MOST = 200
"""Requests that a leave makes, at most."""


class Breaking(TokenController):
    """Breaks at one request, counted over all clusters: it does not arrive, or its answer is lost."""

    def __init__(self, server: str, countdown: list[int], *, arrives: bool) -> None:
        super().__init__(server)
        self.countdown, self.arrives = countdown, arrives

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        timeout: float = 0,
    ) -> bytes:
        self.countdown[0] -= 1
        breaks = self.countdown[0] == 0
        if breaks and not self.arrives:
            raise UnreachableError("cut")
        answer = await super().request(method, path, params=params, body=body, content_type=content_type)
        if breaks:
            raise UnreachableError("cut")
        return answer


def at_work(hub: MemoryApi) -> None:
    """A controller lets go of what is leaving."""

    def before(method: str, path: str) -> None:
        found = hub.objects.get(SECRET)
        if method == "GET" and found and found["metadata"].get("deletionTimestamp"):
            hub.remove(SECRET)

    hub.before = before


def member_in_memory(member: MemoryApi) -> MemoryApi:
    """A cluster that can be joined, and looked through."""
    member.put(KUBE_SYSTEM, {"metadata": {"uid": "old"}})
    member.answers["POST", f"{ACCOUNT}/token"] = {"spec": {"expirationSeconds": 1}, "status": {"token": TOKEN}}
    member.answers["GET", "/apis"] = {"groups": []}
    member.answers["GET", "/api/v1"] = {
        "resources": [{"name": "configmaps", "namespaced": True, "verbs": ["list"]}],
    }
    return member


async def broken_at(request: int, *, arrives: bool) -> tuple[bool, dict[str, Body], dict[str, Body]]:
    """Whether a leave came to that request; and what is in the member before the join, and after leaving again."""
    countdown = [0]
    hub = Breaking("https://hub:6443", countdown, arrives=arrives)
    hub.objects = (await fleet_hub()).objects
    hub.put(KUBE_SYSTEM, {"metadata": {"uid": "hub"}})
    member = member_in_memory(Breaking("https://old:6443", countdown, arrives=arrives))
    before = dict(member.objects)
    await join_in_memory(hub, member)
    at_work(hub)
    countdown[0] = request
    try:
        await leave(hub, member, "oldcluster", silent)
    except UnreachableError:
        try:
            await leave(hub, member, "oldcluster", silent)
        except RefusedError as error:  # nothing was left to do
            assert error.reason == NOT_A_MEMBER  # noqa: PT017
    came = countdown[0] <= 0
    assert SECRET not in hub.objects
    return came, before, member.objects


@pytest.mark.looptime
@pytest.mark.parametrize("arrives", [False, True], ids=["not sent", "answer lost"])
async def test_a_leave_that_breaks_at_any_request_is_completed_by_doing_it_again_s11(arrives: bool) -> None:
    for request in range(1, MOST):
        came, before, after = await broken_at(request, arrives=arrives)
        assert after == before, f"broken at request {request}"
        if not came:
            assert request > 30
            return
    pytest.fail("it makes more requests than that")


@pytest.fixture
async def member(hub: MemoryApi) -> MemoryApi:
    member = member_in_memory(TokenController("https://old:6443"))
    await join_in_memory(hub, member)
    condition = {"type": "Available", "status": "False", "reason": "MissingEndpoints", "message": "no endpoints"}
    member.put(f"{APISERVICES}/v1beta1.metrics.k8s.io", {"status": {"conditions": [condition]}})
    return member


@pytest.mark.parametrize("dry_run", [False, True])
async def test_an_aggregated_api_that_is_down_is_found_before_anything_is_removed_s11(
    hub: MemoryApi, member: MemoryApi, dry_run: bool
) -> None:
    hub.calls.clear()
    member.calls.clear()
    with pytest.raises(
        RefusedError, match=r"v1beta1\.metrics\.k8s\.io .*no endpoints.*kubectl delete apiservice"
    ) as no:
        await leave(hub, member, "oldcluster", silent, dry_run=dry_run)
    assert no.value.reason == BROKEN_API
    assert hub.writes == member.writes == []


@pytest.mark.looptime
async def test_with_force_an_aggregated_api_that_is_down_costs_the_namespace_alone(
    hub: MemoryApi, member: MemoryApi
) -> None:
    def down(method: str, path: str) -> None:
        if path == "/apis":
            raise api_error(503, b"service unavailable")

    member.before = down
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, force=True)
    assert ACCOUNT not in member.objects
    assert SYSTEM in member.objects
    assert any("namespace landbridge-system stays: what is in it cannot be seen" in line for line in said)


@pytest.mark.looptime
async def test_who_may_not_see_apiservices_leaves_all_the_same(hub: MemoryApi, member: MemoryApi) -> None:
    def forbidden(method: str, path: str) -> None:
        if path == APISERVICES:
            raise api_error(403, b"no")

    member.before = forbidden
    at_work(hub)
    await leave(hub, member, "oldcluster", silent)
    assert SYSTEM not in member.objects
