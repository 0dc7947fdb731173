"""Leaving where the hub has no Secret of the cluster any more, or where a leave was killed on its way."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from landbridge.api.discovery import SLICES
from landbridge.enroll.leave import leave
from landbridge.fleet import record
from landbridge.fleet.amendment import amend
from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.kube.errors import UnreachableError
from tests.silence import silent
from tests.unit.fleet.stage import ACCOUNT, SECRET, SYSTEM, cluster, join_in_memory, put_import
from tests.unit.memory_api import MemoryApi

IMPORT = SLICES.path("shop", "fleet-uid-0")
FORCED = pytest.mark.parametrize("force", [False, True])


@pytest.fixture
async def member(hub: MemoryApi) -> MemoryApi:
    """It joined, and imports; then its Secret vanished."""
    member = cluster("old", "https://old:6443")
    member.answers["GET", "/apis"] = {"groups": []}
    member.answers["GET", "/api/v1"] = {"resources": []}
    await join_in_memory(hub, member)
    put_import(member, "fleet-uid")
    await amend(hub, lambda found: replace(found, members=frozenset({"oldcluster"})))
    hub.remove(SECRET)
    return member


@FORCED
@pytest.mark.looptime
async def test_s11_the_record_learns_that_it_left(hub: MemoryApi, member: MemoryApi, force: bool) -> None:
    await leave(hub, member, "oldcluster", silent, force=force)
    found = await record.load(hub)
    assert found.left["oldcluster"]
    assert found.members == frozenset()


@pytest.mark.looptime
async def test_s11_a_farewell_before_its_imports_were_made_is_not_enough(hub: MemoryApi, member: MemoryApi) -> None:
    """The hub is that of a backup from before it joined again."""
    before = "2000-01-01T00:00:00Z"
    await amend(hub, lambda found: replace(found, members=frozenset(), left={"oldcluster": before}))
    await leave(hub, member, "oldcluster", silent)
    assert (await record.load(hub)).left["oldcluster"] > before


@FORCED
@pytest.mark.looptime
async def test_s11_what_it_imported_goes_and_nothing_else(hub: MemoryApi, member: MemoryApi, force: bool) -> None:
    put_import(member, "another-fleet")
    await leave(hub, member, "oldcluster", silent, force=force)
    left = [path for path in member.objects if "endpointslices" in path]
    assert left == [SLICES.path("shop", "another-fleet-0")]


@pytest.mark.looptime
async def test_s11_what_is_held_there_holds_up_the_leave(hub: MemoryApi, member: MemoryApi) -> None:
    body = member.objects[IMPORT]
    member.put(IMPORT, body | {"metadata": body["metadata"] | {"finalizers": ["example.com/keep"]}})
    with pytest.raises(TimedOutError, match=r"import fleet-uid-0 held by finalizer example\.com/keep"):
        await leave(hub, member, "oldcluster", silent, timeout=10)
    assert ACCOUNT in member.objects
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, force=True)
    assert any("forced: imports in oldcluster stay: import fleet-uid-0 held by" in line for line in said)
    assert ACCOUNT not in member.objects


@pytest.mark.looptime
async def test_s11_what_is_written_meanwhile_goes_too(hub: MemoryApi, member: MemoryApi) -> None:
    """A former leader, cut from the hub, may still be at work."""

    def written(method: str, path: str) -> None:
        if method == "DELETE" and path == IMPORT:
            member.before = lambda method, path: None
            put_import(member, "fleet-uid")

    member.before = written
    await leave(hub, member, "oldcluster", silent)
    assert IMPORT not in member.objects


async def test_s11_a_dry_run_says_what_would_go(hub: MemoryApi, member: MemoryApi) -> None:
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, dry_run=True)
    assert any("note on the hub that oldcluster left, delete the 1 imports in it" in line for line in said)
    assert IMPORT in member.objects
    assert not (await record.load(hub)).left


@pytest.mark.looptime
async def test_s11_one_that_is_lost_can_be_forced_out(hub: MemoryApi, member: MemoryApi) -> None:
    def away(method: str, path: str) -> None:
        raise UnreachableError("cut")

    member.before = away
    said: list[str] = []
    await leave(hub, member, "oldcluster", said.append, force=True)
    assert set((await record.load(hub)).left) == {"oldcluster"}
    assert any("landbridge.dev/fleet=fleet-uid" in line for line in said)


@FORCED
async def test_one_that_nobody_knows_is_refused(hub: MemoryApi, force: bool) -> None:
    stranger = cluster("stranger", "https://stranger:6443")
    with pytest.raises(RefusedError, match="its members: none"):
        await leave(hub, stranger, "oldcluster", silent, force=force)
    assert not (await record.load(hub)).left


@pytest.mark.looptime
async def test_s11_a_leave_that_was_killed_before_the_namespace_went_is_completed(
    hub: MemoryApi, member: MemoryApi
) -> None:
    def killed(method: str, path: str) -> None:
        if method == "DELETE" and path == SYSTEM:
            raise UnreachableError("killed")

    member.before = killed
    with pytest.raises(UnreachableError):
        await leave(hub, member, "oldcluster", silent)
    assert ACCOUNT not in member.objects
    assert SYSTEM in member.objects
    member.before = lambda method, path: None
    await leave(hub, member, "oldcluster", silent)
    assert SYSTEM not in member.objects
