"""How a member gets its admission policies, and how it loses them."""

from __future__ import annotations

import pytest

from landbridge.enroll.admission import Wish
from landbridge.enroll.join import Joined
from landbridge.enroll.leave import leave
from landbridge.fleet.members import find
from landbridge.kube.errors import ApiError, ForbiddenError, KubeError, UnreachableError
from tests.unit.fleet.stage import SECRET, SYSTEM, cluster, join_in_memory
from tests.unit.memory_api import MemoryApi

ROOT = "/apis/admissionregistration.k8s.io/v1"
SYNC = f"{ROOT}/validatingadmissionpolicies/landbridge-sync"
ALL = {
    f"{ROOT}/{plural}/{name}"
    for plural in ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
    for name in ("landbridge-sync", "landbridge-tenants")
}
FORBIDDEN = ForbiddenError(403, "Forbidden", "you may not")
DISABLED = ApiError(404, "NotFound", "the server could not find the requested resource")
UNKNOWN = ApiError(422, "Invalid", "undeclared reference to 'cidr'")


@pytest.fixture
def member() -> MemoryApi:
    """A cluster in which our namespace is not ours to remove."""
    api = cluster("old", "https://old:6443")
    api.put(SYSTEM, {})
    return api


def refusing(member: MemoryApi, error: KubeError) -> None:
    """Whoever asks for anything of an admission policy gets this."""

    def before(method: str, path: str) -> None:
        if path.startswith(ROOT):
            raise error

    member.before = before


def policies(member: MemoryApi) -> set[str]:
    return {path for path in member.objects if path.startswith(ROOT)}


async def told(hub: MemoryApi, member: MemoryApi, wish: Wish | None = None, *, dry_run: bool = False) -> str:
    said: list[str] = []
    await join_in_memory(hub, member, wish, said.append, dry_run=dry_run)
    return "\n".join(said)


async def test_join_puts_them_into_force_s9(hub: MemoryApi, member: MemoryApi) -> None:
    said = await told(hub, member)
    assert policies(member) == ALL
    assert "landbridge-sync and landbridge-tenants are in https://old:6443" in said


async def test_a_dry_run_names_them_and_writes_nothing(hub: MemoryApi, member: MemoryApi) -> None:
    assert "admission policies landbridge-sync and landbridge-tenants" in await told(hub, member, dry_run=True)
    assert policies(member) == set()


async def test_joining_again_mends_them(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member)
    member.remove(SYNC)
    await join_in_memory(hub, member)
    assert policies(member) == ALL


@pytest.mark.parametrize("error", [FORBIDDEN, DISABLED, UNKNOWN], ids=lambda error: str(error.status))
async def test_who_may_not_install_them_is_told_and_joins_s9(
    hub: MemoryApi, member: MemoryApi, error: ApiError
) -> None:
    refusing(member, error)
    said: list[str] = []
    joined: Joined = await join_in_memory(hub, member, report=said.append)
    assert not joined.policies
    assert SECRET in hub.objects
    assert any(
        "no admission policy" in line and str(error) in line and "join the cluster again" in line for line in said
    )


async def test_a_member_that_does_not_answer_does_not_join(hub: MemoryApi, member: MemoryApi) -> None:
    refusing(member, UnreachableError("cut"))
    with pytest.raises(UnreachableError):
        await join_in_memory(hub, member)
    assert SECRET not in hub.objects


@pytest.mark.parametrize(
    ("version", "words"), [("v1.29.9", "no admission policy"), ("v1.30.4", "leaves addresses alone")]
)
async def test_an_older_member_is_told_what_it_lacks(hub: MemoryApi, version: str, words: str) -> None:
    member = cluster("old", "https://old:6443", version)
    assert words in await told(hub, member)
    assert bool(policies(member)) == (version == "v1.30.4")


async def test_a_join_that_failed_puts_back_what_was_in_force_s9(hub: MemoryApi, member: MemoryApi) -> None:
    """The hub still allows all namespaces; a policy that bars them would freeze what is there."""
    await join_in_memory(hub, member)
    before = {path: member.objects[path]["spec"] for path in ALL}

    def cut(method: str, path: str) -> None:
        if (method, path) == ("PATCH", SECRET):
            raise UnreachableError("cut")

    hub.before = cut
    with pytest.raises(UnreachableError):
        await join_in_memory(hub, member, Wish("oldcluster", namespaces=frozenset({"shop"})))
    assert {path: member.objects[path]["spec"] for path in ALL} == before


@pytest.mark.parametrize("path", sorted(ALL))
async def test_what_has_their_name_and_is_anothers_is_neither_changed_nor_removed_s9(
    hub: MemoryApi, member: MemoryApi, path: str
) -> None:
    theirs = {"metadata": {"name": path.rpartition("/")[2], "labels": {"owner": "them"}}, "spec": {"theirs": True}}
    member.put(path, theirs)
    before = member.objects[path]
    said = await told(hub, member)
    assert f"{before['metadata']['name']} in https://old:6443 is not Landbridge's" in said
    assert "admission policies landbridge-sync and landbridge-tenants are in" not in said
    assert "is not Landbridge's" in await gone(hub, member)
    assert policies(member) == {path}
    assert member.objects[path] == before


async def test_pods_and_services_of_the_member_are_its_own_networks_s9(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member, Wish("oldcluster", pod_cidrs=("10.1.0.0/16",), service_cidrs=("10.96.0.0/12",)))
    assert '["10.1.0.0/16", "10.96.0.0/12"].map' in str(member.objects[SYNC])


async def test_networks_to_import_from_are_kept_s9(hub: MemoryApi, member: MemoryApi) -> None:
    wish = Wish("oldcluster", pod_cidrs=("10.1.0.0/16",), import_cidrs=("10.2.0.0/15",))
    await join_in_memory(hub, member, wish)
    await join_in_memory(hub, member, Wish("oldcluster"))
    found = await find(hub, "oldcluster")
    assert found
    assert found.cluster
    assert found.cluster.import_cidrs == ("10.2.0.0/15",)
    assert '["10.2.0.0/15"].map' in str(member.objects[SYNC])


async def test_whom_a_policy_will_refuse_is_told(hub: MemoryApi, member: MemoryApi) -> None:
    new = cluster("new", "https://new:6443")
    await join_in_memory(hub, new, Wish("newcluster", pod_cidrs=("10.9.0.0/16",), import_cidrs=("10.8.0.0/16",)))
    said = await told(hub, member, Wish("oldcluster", pod_cidrs=("10.1.0.0/16",), import_cidrs=("10.2.0.0/16",)))
    assert "newcluster will refuse endpoints of oldcluster: its --import-cidr lack 10.1.0.0/16" in said
    assert "oldcluster will refuse endpoints of newcluster: its --import-cidr lack 10.9.0.0/16" in said


async def gone(hub: MemoryApi, member: MemoryApi) -> str:
    """Leave, with nobody to wait for."""
    hub.objects.pop(SECRET, None)
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, connect=lambda config, token: member)
    return "\n".join(said)


async def test_leave_takes_them_away_s9(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member)
    await gone(hub, member)
    assert policies(member) == set()


async def test_a_join_of_before_there_were_policies_is_left_all_the_same(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member)
    for path in ALL:
        member.remove(path)
    await gone(hub, member)
    assert f"{SYSTEM}/serviceaccounts/landbridge-sync" not in member.objects


async def test_who_may_not_remove_them_is_told_and_leaves(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member)
    refusing(member, FORBIDDEN)
    said = await gone(hub, member)
    assert "ValidatingAdmissionPolicy landbridge-sync stays in https://old:6443, if it is there: you may not" in said
    assert f"{SYSTEM}/serviceaccounts/landbridge-sync" not in member.objects
