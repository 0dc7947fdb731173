"""A fleet's life on real clusters, around the tutorial: native names, one way, nothing left.

The tests are steps of one story and run in this order, on the tutorial's own manifests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from demo.ask import CURL
from demo.chain import NEW, OLD, expected
from demo.shell import Shell
from demo.stage import Stage
from demo.steps import ALL_OLD, STEPS
from demo.walk import take
from landbridge.kube.api import Api
from landbridge.kube.config import load
from tests.api.snapshot import Body, difference, snapshot
from tests.e2e.crash import imports

MEMBERS = (OLD, NEW)
Snapshots = dict[str, dict[str, Body]]

NEW_POD = f"kubectl --context {NEW} exec -n customer-ns curl-client --"
ONE_WAY = """
apiVersion: networking.one.alibabacloud.com/v1alpha1
kind: MultiClusterService
metadata: {name: service3, namespace: mcs-demo}
spec:
  providerClusters: [{name: oldcluster}]
  consumerClusters: [{name: newcluster}]
"""


async def members_hold(shell: Shell) -> Snapshots:
    """Everything in both members."""
    found: Snapshots = {}
    for name in MEMBERS:
        async with Api(load(name, shell.kubeconfig)) as api:
            found[name] = await snapshot(api)
    return found


def differences(before: Snapshots, after: Snapshots) -> dict[str, list[str]]:
    """What differs in either member."""
    found = {name: difference(before[name], after[name]) for name in MEMBERS}
    return {name: lines for name, lines in found.items() if lines}


async def at_rest(shell: Shell) -> Snapshots:
    """Everything in both members, once two looks in a row see the same: new namespaces get their defaults."""
    last = await members_hold(shell)
    async with asyncio.timeout(30):
        while differences(last, now := await members_hold(shell)):
            last = now
    return now


async def until_equal(before: Snapshots, shell: Shell) -> None:
    """Wait until the members hold what they held; pytest shows what still differs."""
    found: dict[str, list[str]] = {"": ["not looked yet"]}
    try:
        async with asyncio.timeout(30):
            while found := differences(before, await members_hold(shell)):
                pass
    except TimeoutError:
        assert not found


async def remove_namespaces(shell: Shell, cluster: str) -> None:
    """End the tutorial in a cluster; the client's `sleep` heeds no SIGTERM, so it gets one second of grace."""
    await shell.run(f"kubectl --context {cluster} delete pod --all -n customer-ns --grace-period=1")
    await shell.run(f"kubectl --context {cluster} delete namespace mcs-demo customer-ns")


@pytest.fixture(scope="module")
async def old_world(stage: Stage, shell: Shell) -> AsyncGenerator[Snapshots]:
    """Steps 1 and 2 of the tutorial, and a client in the new cluster too; gives what the members then hold."""
    for step in STEPS[:2]:
        assert (await take(shell, step)).right
    await shell.run(f"kubectl --context {NEW} create namespace customer-ns")
    await shell.run(f"kubectl --context {NEW} apply -f curl-client.yaml")
    await shell.run(f"kubectl --context {NEW} wait -n customer-ns --for=condition=Ready pod/curl-client --timeout=60s")
    yield await at_rest(shell)
    await asyncio.gather(*(remove_namespaces(shell, name) for name in MEMBERS))


@pytest.fixture(scope="module")
async def joined(old_world: Snapshots, stage: Stage, shell: Shell) -> Snapshots:
    """The fleet is made and the controller runs; gives what the members then hold."""
    await stage.join(shell)
    return await at_rest(shell)


@pytest.fixture(scope="module")
async def connected(joined: Snapshots, shell: Shell) -> None:
    """Step 3: the MultiClusterServices are there and Ready."""
    assert (await take(shell, STEPS[2])).right


@pytest.mark.usefixtures("connected")
async def test_a_cluster_without_pods_reaches_the_others_by_native_name(shell: Shell) -> None:
    """Through its own CoreDNS and kube-proxy alone (rule S1)."""
    assert await shell.run(f"{NEW_POD} {CURL}") == expected(ALL_OLD)


@pytest.mark.usefixtures("connected")
async def test_sync_adds_slices_and_changes_nothing_else(joined: Snapshots, shell: Shell) -> None:
    """CoreDNS's ConfigMap, the pods' DNSConfig, Deployments and Services are as they were (rule S6)."""
    found = differences(joined, await members_hold(shell))
    added = [line for lines in found.values() for line in lines]
    assert added
    assert all(line.startswith("+ endpointslices/mcs-demo/service") for line in added), found


@pytest.mark.usefixtures("connected")
async def test_the_hub_shows_providers_consumers_endpoints_and_readiness(shell: Shell) -> None:
    lines = (await shell.run("kubectl --context fleet get mcs -A")).splitlines()
    assert lines[0].split() == ["NAMESPACE", "NAME", "PROVIDERS", "CONSUMERS", "ENDPOINTS", "READY", "AGE"]
    both = f"{NEW},{OLD}"
    assert [line.split()[:6] for line in lines[1:]] == [
        ["mcs-demo", service, both, both, "1", "True"] for service in ("service1", "service2", "service3")
    ]


@pytest.mark.usefixtures("connected")
async def test_one_way(shell: Shell) -> None:
    """The old cluster provides, the new one consumes; nothing comes back."""
    await shell.run(f"kubectl --context fleet apply -f - <<'YAML'{ONE_WAY}YAML")
    await shell.run("kubectl --context fleet wait -n mcs-demo --for=condition=Ready mcs/service3 --timeout=30s")
    assert await shell.run(f"{NEW_POD} curl -s service3.mcs-demo/svc") == f"service3({OLD})"
    assert not [name for name in await imports(shell, OLD) if name.startswith("service3-")]
    row = (await shell.run("kubectl --context fleet get mcs -n mcs-demo service3 --no-headers")).split()
    assert row[:5] == ["service3", OLD, NEW, "1", "True"]


async def test_nothing_is_left(old_world: Snapshots, joined: Snapshots, stage: Stage, shell: Shell) -> None:
    """Without MultiClusterServices the members hold what they held after `join`; after `leave`, before it (S11)."""
    await shell.run("kubectl --context fleet delete mcs --all -n mcs-demo")
    await until_equal(joined, shell)
    for name in MEMBERS:
        await shell.run(f"landbridge fleet leave {name} --context {name} --hub-context fleet")
    await until_equal(old_world, shell)
    await stage.controller.end()
    await shell.run("kubectl --context fleet delete namespace mcs-demo landbridge-system")
    await shell.run("kubectl --context fleet delete -f ../../deploy/crds")
