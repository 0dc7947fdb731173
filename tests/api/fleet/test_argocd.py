"""What the fleet does for an Argo CD on the hub, which is not there: its namespace, settings and definition are."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from landbridge_lab import Lab

from landbridge.api.argocd import APPLICATIONS
from landbridge.api.core import CONFIG_MAPS, NAMESPACES, NODES, SECRETS, ConfigMap, Secret
from landbridge.api.meta import Object, ObjectMeta
from landbridge.api.names import ARGOCD_NAMESPACE, CLUSTER_LABEL
from landbridge.enroll.argocd.account import manifests
from landbridge.enroll.argocd.health import KEY, SCRIPT
from landbridge.enroll.argocd.source import read_config
from landbridge.enroll.manifests import GONE_TIMEOUT, apply, remove, wait_gone
from landbridge.fleet.cluster import encode
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig, load
from landbridge.kube.errors import ApiError, ForbiddenError, UnauthorizedError
from tests.api.command import Command
from tests.api.fleet.hub import letting_go, there_is
from tests.api.snapshot import difference, snapshot
from tests.api.waiting import eventually
from tests.silence import silent

HUB = ("--hub-context", "fleet")
OLD = ("--context", "oldcluster", *HUB)
CIDR = ("--pod-cidr", "10.1.0.0/16")
JOIN = ("fleet", "join", "oldcluster", *OLD, *CIDR)
LEAVE = ("fleet", "leave", "oldcluster", *OLD)
REGISTRATION = "/api/v1/namespaces/argocd/secrets/cluster-oldcluster"
THEIRS = "cluster-theirs"
SETTINGS = {"url": "https://cd.example", "resource.customizations.health.example.com_Thing": "return {}"}

APPLICATION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "applications.argoproj.io"},
    "spec": {
        "group": "argoproj.io",
        "names": {"kind": "Application", "plural": "applications"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


@pytest.fixture(scope="module")
async def namespace(admin_of_fleet: Api, controller_kubeconfig: Path) -> AsyncGenerator[Api]:
    """The hub with what an Argo CD would have brought; it goes after these tests."""
    assert controller_kubeconfig.exists()
    made = Object(ObjectMeta(ARGOCD_NAMESPACE))
    await admin_of_fleet.create(NAMESPACES, made)
    yield admin_of_fleet
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ARGOCD_NAMESPACE}}
    await remove(admin_of_fleet, manifest, silent)
    await wait_gone(admin_of_fleet, [manifest], GONE_TIMEOUT)


@pytest.fixture
async def argocd(namespace: Api, hub: Api) -> AsyncGenerator[Api]:
    """The hub with an Argo CD that knows no cluster, before and after the test."""
    await hub.create(CONFIG_MAPS, ConfigMap(ObjectMeta("argocd-cm", ARGOCD_NAMESPACE), SETTINGS))
    yield hub
    await hub.delete(CONFIG_MAPS, ObjectMeta("argocd-cm", ARGOCD_NAMESPACE))
    await hub.request("DELETE", SECRETS.path(ARGOCD_NAMESPACE))


@pytest.fixture
async def registrable(member: Api) -> AsyncGenerator[Api]:
    """A cluster that is in no fleet and has no account for Argo CD, before and after the test."""
    yield member
    for manifest in manifests():
        await remove(member, manifest, silent)


async def of_argocd(hub: Api) -> dict[str, Any]:
    """What is in Argo CD's namespace."""
    return {path: body for path, body in (await snapshot(hub)).items() if f"/{ARGOCD_NAMESPACE}/" in path}


async def registration(hub: Api) -> Secret:
    return await hub.get(SECRETS, "cluster-oldcluster", ARGOCD_NAMESPACE)


async def put_theirs(hub: Api, server: str, config: dict[str, Any]) -> None:
    """The Secret that `argocd cluster add` writes."""
    values = {"name": "theirs", "server": server, "config": msgspec.json.encode(config).decode()}
    meta = ObjectMeta(
        THEIRS, ARGOCD_NAMESPACE, labels={CLUSTER_LABEL: "cluster"}, annotations={"managed-by": "argocd.argoproj.io"}
    )
    await hub.create(SECRETS, Secret(meta, {key: encode(value) for key, value in values.items()}))


def certificate_config(lab: Lab, name: str) -> dict[str, Any]:
    """What Argo CD stores of a kubeconfig with a client certificate, as the lab's admin has."""
    config = load(name, lab.kubeconfig)
    pairs = {"caData": config.ca, "certData": config.client_cert, "keyData": config.client_key}
    data = {key: base64.b64encode(value or b"").decode() for key, value in pairs.items()}
    return {"tlsClientConfig": {"insecure": False, **data}}


async def test_argo_cd_gets_an_address_and_a_token_that_may_do_everything(
    argocd: Api, registrable: Api, landbridge: Command, own_lab: Lab
) -> None:
    outcome = await landbridge.done(*JOIN, "--argocd", "-o", "json")
    assert outcome.json["argocd"] == {"secret": "argocd/cluster-oldcluster", "server": registrable.server}
    kubectl = await asyncio.create_subprocess_exec(
        str((await own_lab.prepare()).binaries / "kubectl"),
        *(f"--kubeconfig={own_lab.kubeconfig}", "--context=fleet", "get", "secret", "-n", "argocd"),
        *("cluster-oldcluster", "-ojsonpath={.data.server}"),
        stdout=asyncio.subprocess.PIPE,
    )
    shown, _ = await kubectl.communicate()
    assert base64.b64decode(shown).decode() == registrable.server
    config = read_config(await registration(argocd))
    assert config.token
    assert config.token not in outcome.out + outcome.err
    async with Api(config) as deployer:
        for path in ("/api/v1/secrets", "/api/v1/pods", "/apis/apps/v1/deployments", NODES.path()):
            await deployer.request("GET", path)
        await deployer.create(NAMESPACES, Object(ObjectMeta("by-argocd")))
        await deployer.delete(NAMESPACES, ObjectMeta("by-argocd"))
        await eventually(lambda: there_is(registrable, NAMESPACES.path(name="by-argocd")), lambda found: not found)


async def test_after_leaving_nothing_is_left_on_either_side(argocd: Api, stranger: Api, landbridge: Command) -> None:
    before = await snapshot(stranger), await snapshot(argocd)
    await landbridge.done(*JOIN, "--argocd")
    config = read_config(await registration(argocd))
    async with letting_go(argocd):
        await landbridge.done(*LEAVE)
    assert difference(before[0], await snapshot(stranger)) == []
    left = [line for line in difference(before[1], await snapshot(argocd)) if "landbridge-fleet" not in line]
    assert left == []
    async with Api(config) as deployer:
        await eventually(lambda: refused(deployer), bool)


async def refused(api: Api) -> bool:
    """Whether a token has ended; an API server remembers for some seconds that it was good."""
    try:
        with contextlib.suppress(ForbiddenError):
            await api.request("GET", NAMESPACES.path())
    except UnauthorizedError:
        return True
    return False


async def test_joining_again_changes_nothing(argocd: Api, registrable: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN, "--argocd", "--argocd-server", "https://10.9.9.9:6443/")
    before = await of_argocd(argocd), await snapshot(registrable)
    version = (await registration(argocd)).metadata.resource_version
    again = await landbridge.done(*JOIN, "--argocd")
    await landbridge.done(*JOIN)
    assert "Argo CD reaches it at https://10.9.9.9:6443 (not tried from here" in again.err
    assert difference(before[0], await of_argocd(argocd)) == []
    assert difference(before[1], await snapshot(registrable)) == []
    assert (await registration(argocd)).metadata.resource_version == version


async def test_a_leaked_token_ends_with_its_account_and_joining_again_gives_another(
    argocd: Api, registrable: Api, landbridge: Command
) -> None:
    await landbridge.done(*JOIN, "--argocd")
    old = read_config(await registration(argocd))
    await remove(registrable, manifests()[0], silent)
    await landbridge.done(*JOIN, "--argocd")
    new = read_config(await registration(argocd))
    assert new.token != old.token
    async with Api(new) as deployer:
        await deployer.list(NAMESPACES)
    async with Api(old) as deployer:
        await eventually(lambda: refused(deployer), bool)


async def test_applications_that_still_deploy_there_are_named(
    argocd: Api, registrable: Api, landbridge: Command
) -> None:
    await landbridge.done(*JOIN, "--argocd")
    without = await landbridge.done(*LEAVE, "--dry-run")
    assert "Applications" not in without.err
    await apply(argocd, APPLICATION)
    try:
        path = APPLICATIONS.path(ARGOCD_NAMESPACE)
        body = msgspec.json.encode(
            {
                "apiVersion": APPLICATIONS.api_version,
                "kind": "Application",
                "metadata": {"name": "web"},
                "spec": {"destination": {"name": "oldcluster", "namespace": "shop"}},
            }
        )
        await eventually(lambda: served(argocd, path), bool)
        await argocd.request("POST", path, body=body)
        outcome = await landbridge.done(*LEAVE, "--dry-run")
    finally:
        await remove(argocd, APPLICATION, silent)
    assert "1 Application of Argo CD still deploying to oldcluster" in outcome.err
    assert "argocd/web" in outcome.err
    assert await there_is(argocd, REGISTRATION)


async def served(api: Api, path: str) -> bool:
    """Whether a new definition is at work."""
    with contextlib.suppress(ApiError):  # none such; or 429, while its storage is made ready
        await api.request("GET", path)
        return True
    return False


async def test_a_dry_run_changes_nothing(argocd: Api, registrable: Api, landbridge: Command) -> None:
    before = await snapshot(argocd), await snapshot(registrable)
    outcome = await landbridge.done(*JOIN, "--argocd", "--dry-run")
    assert "would make account landbridge-argocd" in outcome.err
    assert difference(before[0], await snapshot(argocd)) == []
    assert difference(before[1], await snapshot(registrable)) == []


async def test_a_hub_without_argo_cd_is_refused(newcluster: Api, landbridge: Command) -> None:
    before = await snapshot(newcluster)
    on_newcluster = ("--context", "newcluster", "--controller-kubeconfig", "/nowhere/kubeconfig")
    taught = await landbridge("fleet", "init", *on_newcluster, "--argocd")
    assert taught.code == 3
    assert "refused (NoArgoCD)" in taught.err
    assert difference(before, await snapshot(newcluster)) == []


@pytest.fixture
async def their_token(stranger: Api) -> AsyncGenerator[str]:
    """A token of the cluster's such as `argocd cluster add` makes; it ends with the test."""
    yield await endless_token(stranger)
    for manifest in their_account():
        await remove(stranger, manifest, silent)


@pytest.mark.parametrize("by", ["token", "certificate"])
async def test_a_cluster_that_argo_cd_knows_joins_and_leaves_without_a_kubeconfig(
    argocd: Api, stranger: Api, landbridge: Command, own_lab: Lab, their_token: str, by: str
) -> None:
    config = certificate_config(own_lab, "oldcluster")
    tls = config["tlsClientConfig"]
    if by == "token":
        config = {"bearerToken": their_token, "tlsClientConfig": {"insecure": False, "caData": tls["caData"]}}
    await put_theirs(argocd, f"{stranger.server}/", config)
    before = await snapshot(stranger), await of_argocd(argocd)
    joined = await landbridge.done("fleet", "join", "oldcluster", "--from-argocd", THEIRS, *HUB, *CIDR, "-o", "json")
    assert joined.json["server"] == stranger.server
    assert "argocd" not in joined.json
    ours = (await argocd.get(SECRETS, "cluster-oldcluster", "landbridge-system")).text("config")
    for secret in (their_token, tls["certData"], tls["keyData"]):
        assert secret not in ours + joined.out + joined.err
    async with letting_go(argocd):
        await landbridge.done("fleet", "leave", "oldcluster", "--from-argocd", THEIRS, *HUB)
    assert difference(before[0], await snapshot(stranger)) == []
    assert difference(before[1], await of_argocd(argocd)) == []


async def endless_token(member: Api) -> str:
    """A token such as `argocd cluster add` makes; used once, since its Secret gets the date of its last use."""
    for manifest in their_account():
        await apply(member, manifest)
    secret = await eventually(
        lambda: member.get(SECRETS, "theirs", "kube-system"), lambda found: "token" in (found.data or {})
    )
    config = ServerConfig(member.server, secret.text("ca.crt").encode(), token=secret.text("token"))
    async with Api(config) as theirs:
        await eventually(lambda: served(theirs, NAMESPACES.path()), bool)
    return secret.text("token")


def their_account() -> list[dict[str, Any]]:
    def renamed(manifest: dict[str, Any]) -> dict[str, Any]:
        text = msgspec.json.encode(manifest).decode().replace("landbridge-argocd", "theirs")
        return msgspec.json.decode(text, type=dict[str, Any])

    return [renamed(manifest) for manifest in manifests()]


async def test_where_only_argo_cd_gets_another_address_is_asked_for(
    argocd: Api, registrable: Api, landbridge: Command, own_lab: Lab
) -> None:
    await put_theirs(argocd, "https://127.0.0.1:1", certificate_config(own_lab, "oldcluster"))
    join = ("fleet", "join", "oldcluster", "--from-argocd", THEIRS, *HUB, *CIDR)
    before = await snapshot(registrable)
    refusal = await landbridge(*join)
    assert refusal.code == 4
    assert "--server" in refusal.err
    assert difference(before, await snapshot(registrable)) == []
    outcome = await landbridge.done(*join, "--server", registrable.server, "-o", "json")
    assert outcome.json["server"] == registrable.server


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((*JOIN, "--argocd"), "AlreadyRegistered"),
        (("fleet", "join", "oldcluster", "--from-argocd", "nowhere", *HUB, *CIDR), "Missing"),
        (("fleet", "leave", "oldcluster", "--from-argocd", "nowhere", *HUB), "Missing"),
    ],
    ids=["known by another Secret", "join by no Secret", "leave by no Secret"],
)
async def test_a_mistake_is_refused_and_changes_nothing(
    argocd: Api, registrable: Api, landbridge: Command, own_lab: Lab, arguments: tuple[str, ...], reason: str
) -> None:
    await put_theirs(argocd, registrable.server, certificate_config(own_lab, "oldcluster"))
    before = await snapshot(argocd), await snapshot(registrable)
    outcome = await landbridge(*arguments)
    assert outcome.code == 3
    assert f"refused ({reason})" in outcome.err
    assert THEIRS in outcome.err
    assert difference(before[0], await snapshot(argocd)) == []
    assert difference(before[1], await snapshot(registrable)) == []


async def test_argo_cd_learns_the_health_and_forgets_nothing(argocd: Api, landbridge: Command, tmp_path: Path) -> None:
    init = ("fleet", "init", "--context", "fleet", "--controller-kubeconfig", str(tmp_path / "kubeconfig"), "--argocd")
    first = await landbridge.done(*init)
    found = await argocd.get(CONFIG_MAPS, "argocd-cm", ARGOCD_NAMESPACE)
    assert found.data == SETTINGS | {KEY: SCRIPT}
    second = await landbridge.done(*init)
    assert await argocd.get(CONFIG_MAPS, "argocd-cm", ARGOCD_NAMESPACE) == found
    assert "written into ConfigMap argocd/argocd-cm" in first.err
    assert "up to date in ConfigMap argocd/argocd-cm" in second.err
