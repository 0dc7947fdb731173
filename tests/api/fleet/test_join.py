from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from landbridge_lab import Lab

from landbridge.api.core import NODES, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import SYNC_ACCOUNT
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.members import find
from landbridge.fleet.stores import secret_store
from landbridge.fleet.tokens import mint
from landbridge.kube.api import Api
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import ForbiddenError
from tests.api.command import Command
from tests.api.snapshot import difference, snapshot
from tests.unit.kube.connect_proxy import ConnectProxy

OLD = ("--context", "oldcluster", "--hub-context", "fleet")
CIDR = ("--pod-cidr", "10.1.0.0/16")
JOIN = ("fleet", "join", "oldcluster", *OLD, *CIDR)


async def joined(hub: Api, name: str = "oldcluster") -> Cluster:
    found = await find(hub, name)
    assert found is not None
    assert found.cluster is not None
    return found.cluster


async def test_the_stored_token_may_do_what_the_controller_needs_and_no_more(
    hub: Api, member: Api, landbridge: Command, own_lab: Lab
) -> None:
    await landbridge.done(*JOIN)
    cluster = await joined(hub)
    assert cluster.pod_cidrs == ("10.1.0.0/16",)
    assert own_lab.clusters["oldcluster"].service_cidr in cluster.service_cidrs
    async with Api(cluster.config, StaticToken(cluster.token)) as controller:
        await controller.list(SERVICES)
        await controller.list(SLICES)
        for path in ("/api/v1/secrets", "/api/v1/pods", "/api/v1/namespaces/landbridge-system/secrets"):
            with pytest.raises(ForbiddenError):
                await controller.request("GET", path)


async def test_joining_again_changes_nothing_but_the_token(hub: Api, member: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN, "--namespace", "mcs-demo", "--namespace", "shop")
    before, first = await snapshot(member), await joined(hub)
    await landbridge.done("fleet", "join", "oldcluster", *OLD)
    second = await joined(hub)
    assert difference(before, await snapshot(member)) == []
    assert second.namespaces == first.namespaces == {"mcs-demo", "shop"}
    assert (second.pod_cidrs, second.config, second.uid) == (first.pod_cidrs, first.config, first.uid)
    assert second.meta.uid == first.meta.uid


async def test_joining_again_takes_what_is_given_anew(hub: Api, member: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN, "--namespace", "shop")
    outcome = await landbridge.done(*JOIN[:-1], "10.5.0.0/16", "--all-namespaces", "-o", "json")
    assert outcome.json["podCidrs"] == ["10.5.0.0/16"]
    assert (await joined(hub)).namespaces == frozenset()


async def test_joining_again_mends_what_is_missing(hub: Api, member: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN)
    await member.request("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/landbridge-sync")
    await landbridge.done("fleet", "join", "oldcluster", *OLD)
    cluster = await joined(hub)
    async with Api(cluster.config, StaticToken(cluster.token)) as controller:
        await controller.list(SERVICES)


async def test_the_controllers_proxy_is_kept_until_another_way_is_given(
    hub: Api, member: Api, landbridge: Command
) -> None:
    async with ConnectProxy(authorization="Basic bWU6czNjcjN0") as proxy:
        url = proxy.url.replace("//", "//me:s3cr3t@")
        outcome = await landbridge.done(*JOIN, "--proxy", url)
        assert f"through proxy {proxy.url}" in outcome.err
        again = await landbridge.done("fleet", "join", "oldcluster", *OLD)
        listed = await landbridge.done("fleet", "list", "--hub-context", "fleet")
        assert not any("s3cr3t" in said for told in (outcome, again, listed) for said in (told.out, told.err))
        cluster = await joined(hub)
        assert cluster.config.proxy == url
        before = len(proxy.asked)
        token = StaticToken(cluster.token)
        async with Api(cluster.config, token) as controller:
            token.value = await mint(controller, SYNC_ACCOUNT)
            await controller.list(SERVICES)
        assert set(proxy.asked) == {member.server.removeprefix("https://")}
        assert len(proxy.asked) == before + 1
        await store_token(hub, cluster, token)
        assert (await joined(hub)).config.proxy == url
    refused = await landbridge(*JOIN)
    assert refused.code == 4, "through a proxy that is gone"
    assert f"through proxy {proxy.url}" in refused.err
    await landbridge.done(*JOIN, "--proxy", "direct")
    assert (await joined(hub)).config.proxy is None


async def store_token(hub: Api, cluster: Cluster, token: StaticToken) -> None:
    """As the controller does when it renewed it."""
    await secret_store(hub, lambda: cluster)(token.value or "")


async def test_a_proxy_that_cannot_be_used_is_refused(landbridge: Command, hub: Api) -> None:
    outcome = await landbridge(*JOIN, "--proxy", "socks5://me:s3cr3t@proxy")
    assert outcome.code == 3
    assert "refused (InvalidProxy): --proxy cannot be used: SOCKS" in outcome.err
    assert "s3cr3t" not in outcome.err


async def test_the_hub_may_be_a_member(hub: Api, landbridge: Command) -> None:
    await landbridge.done("fleet", "join", "self", "--context", "fleet", "--hub-context", "fleet", *CIDR)
    assert (await joined(hub, "self")).config.server == hub.server


async def test_pod_cidrs_are_proposed_from_the_nodes_shown_and_kept(hub: Api, member: Api, landbridge: Command) -> None:
    for number, cidr in enumerate(["10.9.0.0/24", "10.9.1.0/24"]):
        node: dict[str, Any] = {"metadata": {"name": f"n{number}"}, "spec": {"podCIDR": cidr, "podCIDRs": [cidr]}}
        await member.request("POST", NODES.path(), body=msgspec.json.encode(node))
    outcome = await landbridge.done("fleet", "join", "oldcluster", *OLD)
    for number in range(2):
        await member.delete(NODES, ObjectMeta(f"n{number}"))
    assert "10.9.0.0/23" in outcome.err
    assert (await joined(hub)).pod_cidrs == ("10.9.0.0/23",)


async def test_no_token_is_ever_printed(hub: Api, member: Api, landbridge: Command) -> None:
    outcome = await landbridge.done(*JOIN, "-o", "json")
    assert (await joined(hub)).token not in outcome.out + outcome.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((*JOIN, "--dry-run"), 0, "would make account landbridge-sync"),
        (("fleet", "join", "oldcluster", "--context", "nowhere", *CIDR), 3, "contexts there: fleet, newcluster"),
        (("fleet", "join", "Old.Cluster", *OLD, *CIDR), 3, "refused (InvalidName)"),
        (("fleet", "join", "oldcluster", *OLD), 3, "refused (NoPodCIDRs)"),
        ((*JOIN[:-1], "10.1.2.3/16"), 3, "has host bits set"),
        ((*JOIN, "--pod-cidr", "10.1.7.0/24"), 3, "refused (OverlappingPodCIDRs)"),
        ((*JOIN, "--namespace", "Shop"), 3, "refused (InvalidNamespace)"),
        ((*JOIN, "--server", "http://127.0.0.1:1"), 3, "https://host:port"),
        ((*JOIN, "--server", "https://127.0.0.1:1"), 4, "with --server"),
        (("fleet", "join", "oldcluster", "--context", "oldcluster", "--hub-context", "newcluster", *CIDR), 3, "init"),
        (("fleet", "join", "oldcluster", *CIDR), 3, "refused (NoContext)"),
    ],
    ids=lambda value: "" if isinstance(value, int | tuple) else str(value),
)
async def test_what_cannot_be_is_refused_and_leaves_nothing(
    hub: Api, member: Api, landbridge: Command, arguments: tuple[str, ...], code: int, words: str
) -> None:
    before = await snapshot(hub), await snapshot(member)
    outcome = await landbridge(*arguments)
    assert words in " ".join(outcome.err.split())
    assert outcome.code == code
    assert difference(before[0], await snapshot(hub)) == []
    assert difference(before[1], await snapshot(member)) == []


async def test_another_clusters_address_is_refused_and_leaves_nothing(
    hub: Api, stranger: Api, landbridge: Command, own_lab: Lab
) -> None:
    before = await snapshot(stranger)
    outcome = await landbridge(*JOIN, "--server", own_lab.clusters["newcluster"].server)
    assert outcome.code == 4
    assert "certificate" in outcome.err
    assert difference(before, await snapshot(stranger)) == []


async def test_a_cluster_that_cannot_be_reached_is_refused(
    hub: Api, member: Api, landbridge: Command, own_lab: Lab
) -> None:
    cluster = own_lab.clusters["oldcluster"]
    await cluster.cut(api=True)
    try:
        outcome = await landbridge(*JOIN)
    finally:
        await cluster.heal()
    assert outcome.code == 4
    assert "no answer from" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("fleet", "join", "another", *OLD, "--pod-cidr", "10.2.0.0/16"), "SameCluster"),
        (("fleet", "join", "oldcluster", "--context", "fleet", "--hub-context", "fleet", *CIDR), "NameTaken"),
        (("fleet", "join", "self", "--context", "fleet", "--hub-context", "fleet", *CIDR), "OverlappingPodCIDRs"),
    ],
    ids=["same cluster", "name taken", "overlap"],
)
async def test_a_second_member_must_not_be_the_first_nor_overlap_it(
    hub: Api, member: Api, landbridge: Command, arguments: tuple[str, ...], reason: str
) -> None:
    await landbridge.done(*JOIN)
    before = await snapshot(hub)
    outcome = await landbridge(*arguments)
    assert outcome.code == 3
    assert f"refused ({reason})" in outcome.err
    assert difference(before, await snapshot(hub)) == []


async def test_a_person_without_rights_is_refused(hub: Api, member: Api, landbridge: Command, tmp_path: Path) -> None:
    await landbridge.done(*JOIN)
    cluster = await joined(hub)
    document = yaml.safe_load(landbridge.kubeconfig.read_text())
    for user in document["users"]:
        user["user"] = {"token": cluster.token} if "oldcluster" in user["name"] else user["user"]
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(document))
    outcome = await Command(file)(*JOIN)
    assert outcome.code == 3
    assert "refused by the API server (Forbidden)" in outcome.err
    assert cluster.token not in outcome.err
