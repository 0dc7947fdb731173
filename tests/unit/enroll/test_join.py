from __future__ import annotations

import msgspec
import pytest

from landbridge.api.core import SECRETS
from landbridge.api.discovery import SLICES
from landbridge.enroll import admission
from landbridge.enroll.admission import Wish
from landbridge.enroll.join import join
from landbridge.enroll.trial import NO_RIGHTS, WRONG_SERVER
from landbridge.fleet.members import find
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.config import ServerConfig
from landbridge.kube.errors import ForbiddenError, KubeError, UnauthorizedError, UnreachableError
from tests.silence import silent
from tests.unit.fleet.stage import ACCOUNT, SECRET, SYSTEM, cluster, join_in_memory, put_import
from tests.unit.memory_api import Hook, MemoryApi


@pytest.fixture
def member() -> MemoryApi:
    return cluster("old", "https://old:6443")


def failing(error: KubeError, method: str, path: str) -> Hook:
    """Fails every request of this kind."""

    def before(asked: str, where: str) -> None:
        if (asked, where) == (method, path):
            raise error

    return before


async def test_the_hub_learns_of_a_cluster_last(hub: MemoryApi, member: MemoryApi) -> None:
    seen: list[int] = []

    def before(method: str, path: str) -> None:
        if method == "POST":
            seen.append(len(member.writes))

    hub.before = before
    await join_in_memory(hub, member)
    assert seen == [len(member.writes)]
    assert SECRET in hub.objects


LOST = UnreachableError("cut")
LATE = ForbiddenError(403, "Forbidden", "not yet")


@pytest.mark.looptime
@pytest.mark.parametrize("new_namespace", [True, False])
@pytest.mark.parametrize(
    ("at_hub", "at_member", "expected"),
    [
        (failing(LOST, "POST", f"{SYSTEM}/secrets"), None, UnreachableError),
        (None, failing(LOST, "POST", f"{ACCOUNT}/token"), UnreachableError),
        (None, failing(LOST, "GET", "/api/v1/namespaces"), UnreachableError),
        (None, failing(LATE, "GET", "/api/v1/namespaces"), RefusedError),
        (None, failing(UnauthorizedError(401, "", ""), "GET", "/api/v1/namespaces"), RefusedError),
    ],
    ids=["hub write", "token", "new address", "no rights", "another cluster"],
)
async def test_whatever_fails_nothing_is_left_half_done(
    hub: MemoryApi,
    member: MemoryApi,
    at_hub: Hook | None,
    at_member: Hook | None,
    expected: type[Exception],
    new_namespace: bool,
) -> None:
    if not new_namespace:
        member.put(SYSTEM, {})
    before = set(hub.objects), set(member.objects)
    hub.before, member.before = at_hub or hub.before, at_member or member.before
    with pytest.raises(expected) as error:
        await join_in_memory(hub, member)
    assert (set(hub.objects), set(member.objects)) == before
    if isinstance(error.value, RefusedError):
        assert error.value.reason in (NO_RIGHTS, WRONG_SERVER)


async def test_a_failed_update_takes_nothing_away(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member)
    before = set(member.objects)
    hub.before = failing(LOST, "PATCH", SECRET)
    with pytest.raises(UnreachableError):
        await join_in_memory(hub, member)
    assert set(member.objects) == before


async def test_what_cannot_be_taken_back_is_said(hub: MemoryApi, member: MemoryApi) -> None:
    hub.before = failing(LOST, "POST", f"{SYSTEM}/secrets")
    member.before = failing(LOST, "DELETE", ACCOUNT)
    said: list[str] = []
    with pytest.raises(UnreachableError):
        await join_in_memory(hub, member, report=said.append)
    assert any("ServiceAccount landbridge-sync stays in https://old:6443" in line for line in said)


@pytest.mark.looptime
async def test_rules_may_take_a_moment_to_work(hub: MemoryApi, member: MemoryApi) -> None:
    asked: list[str] = []

    def before(method: str, path: str) -> None:
        if (method, path) == ("GET", "/api/v1/namespaces"):
            asked.append(path)
            if len(asked) < 4:
                raise LATE

    member.before = before
    await join_in_memory(hub, member)
    assert SECRET in hub.objects


async def test_a_token_that_was_renewed_meanwhile_does_not_stop_an_update(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member)

    def before(method: str, path: str) -> None:
        if method == "PATCH":
            hub.before = lambda method, path: None
            hub.put(SECRET, hub.objects[SECRET])

    hub.before = before
    await join_in_memory(hub, member, Wish("oldcluster", namespaces=frozenset({"shop"})))
    found = await find(hub, "oldcluster")
    assert found
    assert found.cluster
    assert found.cluster.namespaces == {"shop"}


async def test_strangers_labels_and_finalizers_on_the_secret_stay(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member)
    found = await find(hub, "oldcluster")
    assert found
    await hub.merge_patch(SECRETS, found.meta, {"metadata": {"labels": {"team": "a"}, "finalizers": ["x/y"]}})
    await join_in_memory(hub, member)
    after = await find(hub, "oldcluster")
    assert after
    assert after.meta.labels["team"] == "a"
    assert after.meta.finalizers == ("landbridge.dev/imports", "x/y")


@pytest.mark.parametrize(
    ("hub_version", "member_version", "least"), [("v1.28.0", "v1.36.0", "1.29"), ("v1.36.0", "v1.21.0", "1.22")]
)
async def test_an_old_cluster_is_refused(hub: MemoryApi, hub_version: str, member_version: str, least: str) -> None:
    hub.answers["GET", "/version"] = {"gitVersion": hub_version}
    member = cluster("old", "https://old", member_version)
    with pytest.raises(RefusedError, match=least):
        await join_in_memory(hub, member)
    assert hub.writes == member.writes == []


async def test_a_cluster_on_its_way_out_is_refused(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member)
    await hub.request("DELETE", SECRET)
    with pytest.raises(RefusedError, match="is leaving") as refusal:
        await join_in_memory(hub, member)
    assert refusal.value.reason == admission.LEAVING


async def test_a_namespace_on_its_way_out_is_refused(hub: MemoryApi, member: MemoryApi) -> None:
    member.put(SYSTEM, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["kubernetes"]}})
    with pytest.raises(RefusedError, match="is being deleted"):
        await join_in_memory(hub, member)


async def test_a_secret_that_was_broken_is_mended(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member)
    found = await find(hub, "oldcluster")
    assert found
    await hub.merge_patch(SECRETS, found.meta, {"data": {"config": None}})
    await join_in_memory(hub, member)
    after = await find(hub, "oldcluster")
    assert after
    assert after.cluster


async def test_a_dry_run_checks_and_writes_nothing(hub: MemoryApi, member: MemoryApi) -> None:
    wish = Wish("oldcluster", pod_cidrs=("10.1.0.0/16",))
    result = await join(hub, member, ServerConfig(member.server), wish, silent, dry_run=True)
    assert result.cluster.uid == "old"
    assert hub.writes == member.writes == []


async def test_a_stored_secret_names_no_file_and_no_command(hub: MemoryApi, member: MemoryApi) -> None:
    await join_in_memory(hub, member)
    secret = await hub.get(SECRETS, "cluster-oldcluster", "landbridge-system")
    assert set(msgspec.json.decode(secret.text("config"))) == {"bearerToken", "tlsClientConfig"}


async def test_an_address_without_tls_is_refused(hub: MemoryApi) -> None:
    member = cluster("old", "http://old:8080")
    with pytest.raises(RefusedError, match="https://host:port"):
        await join_in_memory(hub, member)
    assert member.writes == []


async def test_another_fleets_imports_are_told_before_a_cluster_joins(hub: MemoryApi, member: MemoryApi) -> None:
    """They may be this fleet's own, from before its record was lost."""
    put_import(member, "former-fleet")
    said: list[str] = []
    await join_in_memory(hub, member, report=said.append, dry_run=True)
    told = next(line for line in said if "1 imports of fleet former-fleet" in line)
    assert "`landbridge fleet sweep oldcluster --fleet former-fleet --dry-run`" in told
    assert any("delete ConfigMap landbridge-system/landbridge-fleet" in line for line in said)


async def test_who_may_not_see_imports_joins_all_the_same(hub: MemoryApi, member: MemoryApi) -> None:
    put_import(member, "former-fleet")
    member.before = failing(LATE, "GET", SLICES.path())
    said: list[str] = []
    await join_in_memory(hub, member, report=said.append)
    assert SECRET in hub.objects
    assert not [line for line in said if "former-fleet" in line]
