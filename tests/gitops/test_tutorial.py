"""The tutorial's Option B, whole, on a real Argo CD; what churn does to it; who owns `replicas`; and its end."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator

import pytest
import yaml

from demo.ask import TIMES
from demo.chain import NEW, OLD, SERVICES
from demo.gitops import OLD_APPS, STEPS
from demo.shell import Shell
from demo.walk import Result
from tests.api.waiting import eventually
from tests.e2e.crash import imports
from tests.gitops.applications import (
    DEADLINE,
    LOOK,
    Body,
    address,
    all_of_them,
    application,
    applied,
    chart,
    compared,
    health_of,
    push_nothing,
    read,
    sync,
    sync_of,
    syncs,
    until,
    until_at_head,
    until_health,
)

CHURN_SECONDS = float(os.environ.get("CHURN_SECONDS", "8"))
"""How long pods come and go; longer by hand: `CHURN_SECONDS=600 make test-gitops`."""

BEFORE = "service1(oldcluster) --> service2(oldcluster) --> service3(oldcluster)"
MOVED = "service1(oldcluster) --> service2(newcluster) --> service3(oldcluster)"


@pytest.mark.parametrize("number", range(len(STEPS)), ids=[f"{n + 1}: {step.title}" for n, step in enumerate(STEPS)])
async def test_every_answer_of_a_step_is_right(steps: list[Result], number: int) -> None:
    if len(steps) <= number:
        pytest.skip("the walk ended before")
    assert steps[number].right, steps[number]
    assert steps[number].answers.total() == TIMES


@pytest.mark.parametrize(
    ("number", "said"), [(0, BEFORE), (1, BEFORE), (2, BEFORE), (4, MOVED), (6, BEFORE), (8, MOVED)]
)
async def test_the_chain_reads_as_the_tutorial_prints_it(walked: list[Result], number: int, said: str) -> None:
    assert walked[number].answers == {said: TIMES}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_chart_renders_what_kubectl_applies(bare_shell: Shell, service: str) -> None:
    """By the helm that the repo server runs, with the parameters of the tutorial's ApplicationSet."""
    text = (bare_shell.folder / "argocd/svc-demo-oldcluster.yaml").read_text()
    (generator,) = yaml.safe_load(text)["spec"]["generators"]
    (element,) = [found for found in generator["list"]["elements"] if found["envSvcName"] == service]
    sets = " ".join(f"--set {name}={value}" for name, value in element.items())
    rendered = await bare_shell.quiet(f"helm template {service} gitops/manifests/helm/svc-demo -n mcs-demo {sets}")
    ours = [m for m in yaml.safe_load_all((bare_shell.folder / "web-demo-old.yaml").read_text()) if _is(m, service)]
    for manifest in ours:
        manifest["spec"].get("template", {}).get("metadata", {}).pop("creationTimestamp", None)
    assert sorted(yaml.safe_load_all(rendered), key=_kind) == sorted(ours, key=_kind)


def _is(manifest: Body, service: str) -> bool:
    return str(manifest["metadata"]["name"]).endswith(service)


def _kind(manifest: Body) -> str:
    return str(manifest["kind"])


async def settled(shell: Shell) -> set[str]:
    """Every Application, once all are as Git says, and healthy."""

    async def look() -> dict[str, tuple[str, str]]:
        return await all_of_them(shell)

    return {*await eventually(look, lambda apps: {*apps.values()} == {("Synced", "Healthy")}, DEADLINE, LOOK)}


@pytest.mark.timeout(300 + CHURN_SECONDS)
async def test_every_application_is_synced_and_healthy_also_while_pods_come_and_go(
    walked: list[Result], shell: Shell
) -> None:
    """No Application is ever out of sync for it, all are healthy afterwards, and none differs from Git."""
    assert len(await settled(shell)) == len(OLD_APPS) * 2 + 3
    loop = asyncio.get_running_loop()
    end, seen = loop.time() + CHURN_SECONDS, set()
    before = await imports(shell, NEW)
    while loop.time() < end:
        for cluster in (OLD, NEW):
            await shell.quiet(f"kubectl --context {cluster} delete pod -n mcs-demo --all --wait=false")
            seen |= {sync for sync, _ in (await all_of_them(shell)).values()}
    assert seen == {"Synced"}
    assert await imports(shell, NEW) != before
    after = await asyncio.gather(*(compared(shell, app, 1) for app in await settled(shell)))
    assert {sync_of(app) for app in after} == {"Synced"}


async def test_the_hubs_application_is_not_out_of_sync_for_finalizer_defaults_or_status(
    walked: list[Result], shell: Shell
) -> None:
    """With `prune` and `selfHeal`, the MultiClusterServices of Step 3 were synced once, and left in peace since."""
    (app,) = yaml.safe_load_all((shell.folder / "argocd/multiclusterservices.yaml").read_text())
    assert app["spec"]["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}
    found = await shell.quiet("kubectl --context fleet get mcs -n mcs-demo -o yaml")
    assert found.count("- landbridge.dev/imports") == len(SERVICES)
    assert found.count("lastSyncTime: ") == len(SERVICES) * len((OLD, NEW))
    after = await compared(shell, "multiclusterservices")
    assert (sync_of(after), health_of(after), syncs(after)) == ("Synced", "Healthy", 1)


async def scale(shell: Shell, cluster: str, namespace: str, service: str, replicas: int) -> None:
    """Scale by hand."""
    command = f"kubectl --context {cluster} scale -n {namespace} deployment/svc-demo-{service}"
    await shell.quiet(f"{command} --replicas={replicas}")


async def replicas(shell: Shell, cluster: str, namespace: str, service: str) -> int:
    """What a Deployment says."""
    found = await read(shell, cluster, f"/apis/apps/v1/namespaces/{namespace}/deployments/svc-demo-{service}")
    return int(found["spec"]["replicas"])


async def until_replicas(shell: Shell, cluster: str, namespace: str, service: str) -> None:
    """Wait until Argo CD has put back the one replica of Git."""
    await eventually(lambda: replicas(shell, cluster, namespace, service), lambda found: found == 1, DEADLINE, LOOK)


async def test_without_self_heal_a_scale_down_by_hand_stays_until_the_next_commit_whatever_it_changes(
    walked: list[Result], shell: Shell
) -> None:
    """Where Argo CD has synced the Application to the commit that the branch is at."""
    app = OLD_APPS[2]
    await settled(shell)
    await sync(shell, app)
    await scale(shell, OLD, "mcs-demo", "service3", 0)
    await until(shell, app, lambda app: sync_of(app) == "OutOfSync")
    assert sync_of(await compared(shell, app)) == "OutOfSync"
    assert await replicas(shell, OLD, "mcs-demo", "service3") == 0

    await push_nothing(shell)
    await compared(shell, app, 1)
    await until_replicas(shell, OLD, "mcs-demo", "service3")


async def test_after_a_commit_that_needed_no_sync_a_scale_down_by_hand_is_undone(
    walked: list[Result], shell: Shell
) -> None:
    """Argo CD has compared the commit, not synced it: to its `automated` it is still to be synced."""
    await settled(shell)
    await push_nothing(shell)
    await until_at_head(shell, OLD_APPS[2])
    await scale(shell, OLD, "mcs-demo", "service3", 0)
    await until(shell, OLD_APPS[2], lambda app: sync_of(app) == "OutOfSync")
    await until_replicas(shell, OLD, "mcs-demo", "service3")


@pytest.fixture(scope="module")
async def scaled(walked: list[Result], shell: Shell) -> AsyncGenerator[None]:
    """Two Applications that heal themselves, both scaled down by hand; of one, Git does not own `replicas`."""
    server = await address(shell, OLD)
    healed, hands = (application(name, server, name, chart("service1", OLD)) for name in ("healed", "hands"))
    hands["spec"]["ignoreDifferences"] = [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]
    hands["spec"]["syncPolicy"]["syncOptions"].append("RespectIgnoreDifferences=true")
    async with applied(shell, healed, hands):
        for name in ("healed", "hands"):
            await until_health(shell, name, "Healthy")
            await scale(shell, OLD, name, "service1", 0)
        yield


async def test_with_self_heal_a_scale_down_by_hand_is_undone(scaled: None, shell: Shell) -> None:
    await until_replicas(shell, OLD, "healed", "service1")


async def test_where_git_does_not_own_replicas_a_scale_down_by_hand_stays(scaled: None, shell: Shell) -> None:
    """Also with selfHeal, and over a sync."""
    await sync(shell, "hands")
    assert sync_of(await compared(shell, "hands", 1)) == "Synced"
    assert await replicas(shell, OLD, "hands", "service1") == 0


async def test_argocd_reached_the_members_by_what_join_registered(walked: list[Result], shell: Shell) -> None:
    """It says so itself, of clusters to which an Application deploys."""
    listed = json.loads(await shell.quiet("argocd --core cluster list -o json"))
    states = {cluster["name"]: cluster["info"]["connectionState"]["status"] for cluster in listed}
    assert {OLD: "Successful", NEW: "Successful"}.items() <= states.items()


async def services(shell: Shell, cluster: str) -> set[str]:
    """The Services of the tutorial in a cluster."""
    found = await read(shell, cluster, "/api/v1/namespaces/mcs-demo/services")
    return {item["metadata"]["name"] for item in found["items"]}


async def test_an_application_set_that_is_to_preserve_leaves_all_behind(walked: list[Result], shell: Shell) -> None:
    await settled(shell)
    preserve = json.dumps({"spec": {"syncPolicy": {"preserveResourcesOnDeletion": True}}})
    sets = "kubectl --context fleet {} -n argocd applicationset svc-demo-oldcluster"
    await shell.quiet(f"{sets.format('patch')} --type merge -p '{preserve}'")
    await until(shell, OLD_APPS[0], lambda app: not app["metadata"].get("finalizers"))
    await shell.quiet(sets.format("delete"))
    await shell.quiet(f"kubectl --context fleet wait -n argocd --for=delete app {' '.join(OLD_APPS)} --timeout=60s")
    assert await services(shell, OLD) == set(SERVICES)


async def test_otherwise_its_services_go_and_the_imports_with_them(walked: list[Result], shell: Shell) -> None:
    """The Service is the consumer's consent (rule S6)."""
    assert any(name.startswith("service3-") for name in await imports(shell, NEW))
    await shell.quiet("kubectl --context fleet delete -n argocd applicationset svc-demo-newcluster")
    await eventually(lambda: services(shell, NEW), lambda found: not found, DEADLINE, LOOK)
    await eventually(lambda: imports(shell, NEW), lambda held: not any("service" in name for name in held))
