"""What a member's own API server refuses our account, and its tenants: the admission policies of `join`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from landbridge_lab import Lab
from prometheus_client.parser import text_string_to_metric_families

from landbridge.api.core import NAMESPACES
from landbridge.api.discovery import SLICES
from landbridge.api.names import CONTROL_PLANE_MANAGER, FLEET, MANAGED_BY, MANAGER, SERVICE_NAME, SYNC_ACCOUNT
from landbridge.enroll.manifests import apply
from landbridge.fleet.tokens import mint
from landbridge.kube.api import Api
from landbridge.kube.config import load
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import ApiError, ForbiddenError
from tests.api.command import Command
from tests.api.fleet.hub import forget_account, forget_members
from tests.api.fleet.rollout import controllers, roll
from tests.api.waiting import eventually

Body = dict[str, Any]

SHOP, BARRED = "policy-shop", "policy-barred"
OURS = {MANAGED_BY: MANAGER, FLEET: "some-fleet", SERVICE_NAME: "web"}
THEIRS = {MANAGED_BY: CONTROL_PLANE_MANAGER, SERVICE_NAME: "web"}
BY_HAND = {SERVICE_NAME: "web"}
IMPORT = "web-abcdefghijklmnop"
POD = "10.2.0.7"
"""One of another member."""
JOIN = ("fleet", "join", "oldcluster", "--context", "oldcluster", "--hub-context", "fleet")
OWN = ("--pod-cidr", "10.1.0.0/16", "--service-cidr", "10.96.0.0/12")
LIMITS = (*OWN, "--namespace", SHOP, "--import-cidr", "10.2.0.0/16", "--import-cidr", "fd02::/64")


@dataclass(frozen=True)
class Member:
    """A member with its policies in force."""

    admin: Api
    account: Api
    """Ours there, as a thief of its token has it."""
    tenant: Api
    """Who may write slices in one namespace."""

    async def put(self, name: str, labels: Mapping[str, str], namespace: str = SHOP, **more: Any) -> None:
        """Place a slice, as the admin."""
        await self.admin.request("DELETE", SLICES.path(namespace), params={"fieldSelector": f"metadata.name={name}"})
        await create(self.admin, name, labels, namespace, **more)


@pytest.fixture(scope="module")
async def member(
    own_lab: Lab, admin_of_fleet: Api, oldcluster: Api, controller_kubeconfig: Path, landbridge: Command
) -> AsyncGenerator[Member]:
    """Joined with all that can be declared; the policies are at work."""
    assert controller_kubeconfig.exists()
    await landbridge.done(*JOIN, *LIMITS)
    for namespace in (SHOP, BARRED):
        await apply(oldcluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    for manifest in tenant():
        await apply(oldcluster, manifest)
    config = load("oldcluster", own_lab.kubeconfig).anonymous()
    ours, theirs = await mint(oldcluster, SYNC_ACCOUNT), await mint(oldcluster, "tenant", SHOP)
    async with Api(config, StaticToken(ours)) as account, Api(config, StaticToken(theirs)) as theirs_:
        # By this the policy of just this join is at work, not one of a join before.
        await eventually(lambda: refused(create(account, IMPORT, OURS, BARRED)), bool)
        await oldcluster.request("DELETE", SLICES.path(BARRED))
        await eventually(lambda: refused(create(theirs_, "web-forged", THEIRS)), bool)
        yield Member(oldcluster, account, theirs_)
    for namespace in (SHOP, BARRED):
        await oldcluster.request("DELETE", NAMESPACES.path("", namespace))
    await forget_members(admin_of_fleet)
    await forget_account(oldcluster)


def tenant() -> list[Body]:
    """A service account with all rights on slices in its namespace, and none elsewhere."""
    meta = {"name": "tenant", "namespace": SHOP}
    group = "rbac.authorization.k8s.io"
    rule = {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["*"]}
    subject = {"kind": "ServiceAccount", "name": "tenant", "namespace": SHOP}
    ref = {"apiGroup": group, "kind": "Role", "name": "tenant"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": meta, "rules": [rule]},
        {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": meta, "roleRef": ref, "subjects": [subject]},
    ]


def slice_body(name: str, labels: Mapping[str, str], *addresses: str, **more: Any) -> Body:
    endpoints = [{"addresses": [address]} for address in addresses or (POD,)]
    meta = {"name": name, "labels": labels}
    head = {"apiVersion": SLICES.api_version, "kind": SLICES.kind, "metadata": meta}
    return {**head, "addressType": "IPv4", "ports": [], "endpoints": endpoints, **more}


async def create(api: Api, name: str, labels: Mapping[str, str], namespace: str = SHOP, **more: Any) -> None:
    body = slice_body(name, labels, **more)
    await api.request("POST", SLICES.path(namespace), body=msgspec.json.encode(body))


async def replace(
    api: Api, name: str, labels: Mapping[str, str], *addresses: str, namespace: str = SHOP, **more: Any
) -> None:
    body = msgspec.json.encode(slice_body(name, labels, *addresses, **more))
    await api.request("PUT", SLICES.path(namespace, name), body=body)


async def delete(api: Api, name: str, namespace: str = SHOP) -> None:
    await api.request("DELETE", SLICES.path(namespace, name))


async def refused(write: Any) -> str:
    """By which policy a write was refused; empty where it was not, or by something else."""
    try:
        await write
    except ForbiddenError as error:
        return str(error) if "ValidatingAdmissionPolicy" in str(error) else ""
    except ApiError:
        return ""
    return ""


@pytest.mark.parametrize(
    ("labels", "more", "words"),
    [
        (BY_HAND, {}, "writes nothing but imports"),
        (THEIRS, {}, "writes nothing but imports"),
        (OURS, {"name": "web-abcde"}, "writes nothing but imports"),
        (OURS, {"namespace": BARRED}, "join, with --namespace"),
        (OURS, {"namespace": "kube-system"}, "nothing is joined in this namespace"),
        (OURS | {SERVICE_NAME: "kubernetes"}, {"namespace": "default"}, "nothing is joined in this namespace"),
        (OURS, {"addresses": ("10.1.0.7",)}, "this cluster's own networks"),
        (OURS, {"addresses": ("10.96.0.7",)}, "this cluster's own networks"),
        (OURS, {"addresses": (POD, "203.0.113.7")}, "outside the --import-cidr"),
        (OURS, {"addresses": ("239.1.2.3",)}, "loopback, link-local, multicast"),
        (OURS, {"addresses": ("fd03::7",), "addressType": "IPv6"}, "outside the --import-cidr"),
        (OURS, {"addresses": ("example.com",), "addressType": "FQDN"}, "an import has IP addresses"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value),
)
async def test_s9_our_account_writes_imports_alone(
    member: Member, labels: Mapping[str, str], more: Body, words: str
) -> None:
    addresses = more.pop("addresses", (POD,))
    endpoints = [{"addresses": [address]} for address in addresses]
    write = create(member.account, more.pop("name", IMPORT), labels, **more, endpoints=endpoints)
    assert words in await refused(write)


@pytest.mark.parametrize("labels", [BY_HAND, THEIRS, {MANAGED_BY: "another.example"}])
async def test_s9_our_account_leaves_what_is_others(member: Member, labels: Mapping[str, str]) -> None:
    await member.put("web-abcde", labels)
    await member.put(IMPORT, OURS)
    assert "not Landbridge's" in await refused(replace(member.account, "web-abcde", OURS))
    assert "not Landbridge's" in await refused(replace(member.account, "web-abcde", labels, endpoints=[]))
    assert "not Landbridge's" in await refused(delete(member.account, "web-abcde"))
    assert "nothing but imports" in await refused(replace(member.account, IMPORT, labels))
    assert "nothing but imports" in await refused(replace(member.account, IMPORT, labels, endpoints=[]))


@pytest.mark.parametrize(("address", "family"), [(POD, "IPv4"), ("fd02::7", "IPv6")], ids=["IPv4", "IPv6"])
async def test_s9_our_account_does_all_that_sync_does(member: Member, address: str, family: str) -> None:
    name = f"web-{family.lower().replace('4', 'f').replace('6', 's'):a<16}"
    thousand = [{"addresses": [address]}] * 1000
    await create(member.account, name, OURS, addressType=family, endpoints=[])
    await replace(member.account, name, OURS, addressType=family, endpoints=thousand)
    await member.put(
        name, {"team": "shop"}, addressType=family, endpoints=thousand
    )  # whoever took our labels off, the name proves it
    await replace(member.account, name, OURS, address, addressType=family)
    await delete(member.account, name)


async def test_s9_our_account_takes_away_what_is_barred_by_now(member: Member) -> None:
    for name, labels in ((IMPORT, OURS), ("web-abcdefghijklmnoq", {"team": "shop"}), ("stray", OURS)):
        await member.put(name, labels, BARRED)
        assert "join, with --namespace" in await refused(replace(member.account, IMPORT, OURS, namespace=BARRED))
        await replace(member.account, name, labels, namespace=BARRED, endpoints=[])
        await delete(member.account, name, BARRED)
        await member.put(IMPORT, OURS, BARRED)


async def test_s9_a_tenant_has_no_part_in_the_control_planes_slices(member: Member) -> None:
    await member.put("web-abcde", THEIRS)
    await create(member.tenant, "web-mine", BY_HAND)
    for write in (
        create(member.tenant, "web-forged", THEIRS),
        replace(member.tenant, "web-mine", THEIRS),
        replace(member.tenant, "web-abcde", THEIRS, "10.9.9.9"),
    ):
        assert "is the control plane's" in await refused(write)


async def test_s9_a_tenant_writes_slices_of_his_own(member: Member) -> None:
    await create(member.tenant, "web-own", BY_HAND | {MANAGED_BY: "another.example"})
    await replace(member.tenant, "web-own", BY_HAND, "10.9.9.9")
    await delete(member.tenant, "web-own")
    await member.put("web-abcde", THEIRS)
    await delete(member.tenant, "web-abcde")


@pytest.mark.parametrize("identities", ["one for each controller", "one for all"])
async def test_s9_the_control_plane_rolls_a_deployment_under_any_identity(
    member: Member, own_lab: Lab, tmp_path: Path, identities: str
) -> None:
    command = own_lab.clusters["oldcluster"].control_plane.controller_manager()
    command[0] = str((await own_lab.prepare()).binaries / "kube-controller-manager")
    each = identities == "one for each controller"
    before = await policy_checks(member.admin)
    async with controllers(member.admin, command, tmp_path / "log", one_for_each=each):
        await roll(member.admin, SHOP)
    assert await policy_checks(member.admin) == before
    assert "is the control plane's" in await refused(create(member.tenant, "web-forged", THEIRS))


async def policy_checks(api: Api) -> dict[str, float]:
    """How often each policy refused a write, or could not say whether to."""
    families = text_string_to_metric_families((await api.request("GET", "/metrics")).decode())
    return {
        "/".join(sample.labels[part] for part in ("policy", "enforcement_action", "error_type")): sample.value
        for family in families
        if family.name == "apiserver_validating_admission_policy_check"
        for sample in family.samples
    }
