"""Control planes on loopback ports: up, again up, broken and repaired, killed on the way, cut and healed, down."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from landbridge_lab import ClusterSpec, Lab, NotUpError, RefusedError, State
from landbridge_lab.commands import run
from landbridge_lab.paths import lab_dir

from tests.lab.tools import Kubectl, killed_up, processes_of

CLUSTERS = (ClusterSpec("one"), ClusterSpec("two"))
OPTIONS = ("--control-plane-only", "--cluster", "one", "--cluster", "two")


@pytest.fixture(scope="module")
async def lab() -> AsyncIterator[Lab]:
    lab = Lab("test-planes", CLUSTERS, control_plane_only=True)
    await lab.down()
    await lab.up()
    yield lab
    await lab.down()


async def test_each_cluster_answers_under_its_name(lab: Lab, kubectl: Kubectl) -> None:
    for name, cluster in lab.clusters.items():
        assert await kubectl(lab, name, "get", "--raw", "/readyz") == "ok"
        assert cluster.server in await kubectl(lab, name, "cluster-info")
        direct = ["--server", cluster.direct_server, "get", "--raw", "/readyz"]
        assert await kubectl(lab, name, *direct) == "ok"


async def test_up_again_changes_nothing(lab: Lab) -> None:
    before = processes_of(lab).running()

    await lab.up()

    assert processes_of(lab).running() == before
    assert (await lab.status()).state == State.UP


async def test_up_with_other_clusters_is_refused(lab: Lab) -> None:
    with pytest.raises(RefusedError, match="take it down first"):
        await Lab(lab.spec.name, [ClusterSpec("three")], control_plane_only=True).up()


async def test_what_has_died_is_started_again_on_the_data_there_is(lab: Lab, kubectl: Kubectl) -> None:
    await kubectl(lab, "one", "create", "namespace", "kept")
    running = processes_of(lab).running()
    for part in ("one/etcd", "one/kube-apiserver", "one/forwarder", "one/kube-controller-manager"):
        os.kill(running[part], 9)

    assert (await lab.status()).state == State.PARTIAL
    await lab.up()

    assert (await lab.status()).state == State.UP
    assert "kept" in await kubectl(lab, "one", "get", "namespace", "kept")
    assert processes_of(lab).running()["two/etcd"] == running["two/etcd"]


async def test_a_cut_api_is_refused_and_others_are_not(lab: Lab, kubectl: Kubectl) -> None:
    await lab.clusters["one"].cut(api=True)

    assert "refused" in await kubectl.fails(lab, "one", "get", "namespaces")
    assert await kubectl(lab, "two", "get", "--raw", "/readyz") == "ok"
    await lab.clusters["one"].heal()
    assert await kubectl(lab, "one", "get", "--raw", "/readyz") == "ok"


async def test_a_restart_or_restore_touches_its_own_cluster_alone(lab: Lab, kubectl: Kubectl) -> None:
    await lab.snapshot("one")
    await lab.clusters["one"].cut(api=True)
    await lab.clusters["two"].cut(api=True)
    for change, dead in ((lab.restart("one", "etcd"), {"etcd"}), (lab.restore("one"), {"etcd", "kube-apiserver"})):
        before = processes_of(lab).running()
        await change
        after = processes_of(lab).running()
        assert {part for part in after if after[part] != before[part]} == {
            f"one/{part}" for part in dead | {"kube-controller-manager"}
        }
        assert await kubectl(lab, "one", "get", "--raw", "/readyz") == "ok"
        assert [cluster.api for cluster in (await lab.status()).clusters] == ["open", "cut"]
    await lab.clusters["two"].heal()


async def test_a_frozen_api_says_nothing(lab: Lab, kubectl: Kubectl) -> None:
    await lab.clusters["one"].cut(api=True, mode="freeze")

    said = await kubectl.fails(lab, "one", "get", "namespaces", "--request-timeout=300ms")
    assert "timeout" in said.lower() or "deadline" in said
    await lab.clusters["one"].heal()
    await lab.clusters["one"].heal()
    assert await kubectl(lab, "one", "get", "--raw", "/readyz") == "ok"


async def test_there_are_no_pods_to_cut(lab: Lab) -> None:
    with pytest.raises(RefusedError, match="has no pods"):
        await lab.clusters["one"].cut(pods=True)
    with pytest.raises(RefusedError, match="nothing to cut"):
        await lab.clusters["one"].cut()


async def test_requests_of_our_service_accounts_are_audited_and_others_are_not(
    lab: Lab, kubectl: Kubectl, tmp_path: Path
) -> None:
    await kubectl(lab, "two", "create", "namespace", "landbridge-system")
    await kubectl(lab, "two", "create", "serviceaccount", "someone", "--namespace", "landbridge-system")
    token = await kubectl(lab, "two", "create", "token", "someone", "--namespace", "landbridge-system")
    authority = tmp_path / "ca.crt"
    authority.write_bytes(lab.clusters["two"].ca_data)
    as_someone = ["--server", lab.clusters["two"].server, "--token", token.strip()]
    as_someone += ["--kubeconfig", "/dev/null", "--certificate-authority", str(authority)]

    await run([kubectl.program, *as_someone, "auth", "whoami"])

    events = [json.loads(line) for line in lab.clusters["two"].audit_log.read_text().splitlines()]
    assert {event["user"]["username"] for event in events} == {"system:serviceaccount:landbridge-system:someone"}
    assert any(event["objectRef"]["resource"] == "selfsubjectreviews" for event in events if "objectRef" in event)


async def test_two_labs_side_by_side_share_no_port(lab: Lab, kubectl: Kubectl) -> None:
    async with Lab("test-planes-2", [ClusterSpec("one")], control_plane_only=True) as other:
        assert other.clusters["one"].server not in {cluster.server for cluster in lab.clusters.values()}
        assert await kubectl(other, "one", "get", "--raw", "/readyz") == "ok"
    assert await kubectl(lab, "one", "get", "--raw", "/readyz") == "ok"


@pytest.mark.parametrize("moment", ["one/etcd", "two/forwarder", "one/kube-controller-manager"])
async def test_an_up_killed_at_any_moment_is_begun_anew_and_down_leaves_nothing(moment: str, kubectl: Kubectl) -> None:
    lab = Lab("test-killed", CLUSTERS, control_plane_only=True)
    await lab.down()  # what an earlier run that failed has left
    await killed_up(lab, OPTIONS, moment, stands_still="two/kube-apiserver")
    assert (await lab.status()).state == State.PARTIAL
    with pytest.raises(NotUpError):
        Lab.load(lab.spec.name)

    await lab.up()
    assert await kubectl(lab, "two", "get", "--raw", "/readyz") == "ok"

    assert await lab.down()
    assert processes_of(lab).all() == []
    assert not lab_dir(lab.spec.name).root.exists()
    assert not await lab.down()
