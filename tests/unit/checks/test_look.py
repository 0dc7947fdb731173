"""Nothing is said to be well of what was not looked at, and one cluster's trouble stays there."""

from __future__ import annotations

import asyncio

import pytest

from landbridge.api.discovery import SLICES
from landbridge.api.names import CLUSTER_UID
from landbridge.checks.facts import Facts
from landbridge.checks.findings import findings
from landbridge.checks.look import settled
from landbridge.checks.report import report
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import UnreachableError
from tests.unit.checks.stage import BOTH, MCS, NEW, OLD, SERVICE, Stage
from tests.unit.fleet.stage import TOKEN
from tests.unit.memory_api import MemoryApi
from tests.unit.objects import mcs, slice_

SECRET = "/api/v1/namespaces/landbridge-system/secrets/cluster-newcluster"


async def unseen(stage: Stage) -> str:
    found = await stage.report()
    assert (found.verdict, found.ready_endpoints) == ("NotSeen", None)
    (finding,) = found.findings
    assert (finding.reason, finding.cluster, finding.command) == ("NotSeen", NEW, "landbridge fleet list")
    assert [pair.as_exported for pair in found.consumers] == [None, None]
    return finding.message


async def test_a_cluster_that_gives_no_answer_is_not_seen_s7(stage: Stage) -> None:
    def cut(method: str, path: str) -> None:
        raise UnreachableError("no answer from https://newcluster:6443")

    stage.clusters[NEW].before = cut
    assert await unseen(stage) == "no answer from https://newcluster:6443"


async def test_a_token_that_ended_is_told_with_the_question_for_the_controller(stage: Stage) -> None:
    stage.clusters[NEW].refused = {TOKEN}
    assert await unseen(stage) == "its token ended at 1970-01-02T00:00:00Z; is a controller running, which renews it?"


async def test_whatever_else_goes_wrong_stays_with_the_cluster_s15(stage: Stage) -> None:
    def odd(method: str, path: str) -> None:
        raise LookupError("odd")

    stage.clusters[NEW].before = odd
    assert "LookupError" in await unseen(stage)


@pytest.mark.looptime
async def test_a_cluster_that_hangs_takes_no_longer_than_its_time(stage: Stage) -> None:
    class Hanging(MemoryApi):
        async def __aenter__(self) -> Hanging:
            await asyncio.sleep(3_600)
            return self

    hanging = Hanging("https://newcluster:6443")
    stage.clusters = {**stage.clusters, NEW: hanging}
    began = asyncio.get_running_loop().time()
    assert await unseen(stage) == "no answer within 10 s"
    assert asyncio.get_running_loop().time() - began == 10.0


async def test_another_cluster_that_answers_is_not_taken_for_it(stage: Stage) -> None:
    body = stage.hub.objects[SECRET]
    notes = body["metadata"]["annotations"] | {CLUSTER_UID: "another"}
    stage.hub.put(SECRET, body | {"metadata": body["metadata"] | {"annotations": notes}})
    assert "another cluster answers" in await unseen(stage)


async def test_a_secret_that_is_refused_is_told_with_its_reason(stage: Stage) -> None:
    stage.hub.put(SECRET, stage.hub.objects[SECRET] | {"data": {"name": "bmV3Y2x1c3Rlcg=="}})
    assert await unseen(stage) == "its Secret is not used: the Secret has no `server`"


async def test_slices_that_cannot_be_read_are_not_passed_over_s7(stage: Stage) -> None:
    stage.clusters[NEW].put(
        SLICES.path("mcs-demo", "odd"), {"metadata": {"namespace": "mcs-demo"}, "endpoints": "none"}
    )
    found = await stage.report()
    assert [(one.reason, one.cluster) for one in found.findings] == [("Stale", NEW)]
    assert "EndpointSlice odd" in found.findings[0].message
    assert found.consumers[0].as_exported is True  # what it copies can be read


async def test_who_may_not_read_secrets_sees_the_status_and_nothing_else(stage: Stage) -> None:
    stage.hidden = "forbidden"
    found = await stage.report()
    assert (found.verdict, found.ready.status) == ("NotSeen", "True")
    assert [(one.cluster, one.message) for one in found.findings] == [(OLD, "forbidden"), (NEW, "forbidden")]
    assert [one.status.state for one in found.providers] == ["Synced", "Synced"]


async def test_who_may_not_read_secrets_is_not_told_that_nothing_is_there(stage: Stage) -> None:
    stage.hidden = "forbidden"
    stage.hub.remove(MCS)
    found = await stage.report()
    assert (found.verdict, [one.reason for one in found.findings]) == ("NotSeen", ["NotFound", "NotSeen"])


async def test_a_cluster_beside_is_told_and_makes_nothing_wrong(stage: Stage) -> None:
    stage.put_mcs(mcs(OLD, OLD))
    await stage.sync()
    stage.clusters[NEW].refused = {TOKEN}
    found = await stage.report()
    assert (found.verdict, found.findings, list(found.beside)) == ("Well", (), [NEW])


async def test_what_is_nowhere_is_not_found(stage: Stage) -> None:
    stage.hub.remove(MCS)
    for name in (OLD, NEW):
        stage.clusters[name].remove(SERVICE)
        for path in [path for path in stage.clusters[name].objects if "/endpointslices/" in path]:
            stage.clusters[name].remove(path)
    assert (await stage.report()).verdict == "NotFound"
    stage.clusters[NEW].refused = {TOKEN}
    assert (await stage.report()).verdict == "NotSeen"


async def test_imports_without_a_multi_cluster_service_are_wrong(stage: Stage) -> None:
    stage.hub.remove(MCS)
    assert (await stage.report()).verdict == "Wrong"


async def test_without_a_finalizer_what_a_controller_would_write_is_missing(stage: Stage) -> None:
    stage.put_mcs(mcs(BOTH, BOTH, finalizers=()))
    stage.place(OLD, slice_("service2-more", "10.1.0.3"))
    assert ("Behind", NEW) in {(one.reason, one.cluster) for one in await stage.findings()}


async def test_it_only_reads_and_only_what_the_controllers_account_may(stage: Stage) -> None:
    for api in (stage.hub, *stage.clusters.values()):
        api.calls.clear()
    await stage.see()
    assert stage.hub.writes == []
    collections = {"services", "endpointslices", "namespaces"}
    for api in stage.clusters.values():
        assert {(method, path.rsplit("/", 1)[1]) for method, path in api.calls} == {("GET", c) for c in collections}
    assert all(isinstance(api.tokens, StaticToken) for api in stage.clusters.values())


async def test_what_may_be_over_in_a_moment_is_looked_at_again(stage: Stage) -> None:
    stage.put_slice(OLD, "10.1.0.1", "10.1.0.2", "10.1.0.3")
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await stage.sync()

    found = await settled(stage.see, sleep)
    assert (waited, findings(found), report(found).verdict) == ([1.5], [], "Well")

    async def never(seconds: float) -> None:
        raise AssertionError("all is well")

    assert isinstance(await settled(stage.see, never), Facts)
