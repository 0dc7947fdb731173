"""S5: in which order the changes are written, and what happens when one fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.names import FLEET, MANAGER
from landbridge.clusters.member import Member
from landbridge.kube.errors import ConflictError, ForbiddenError, KubeError, NotFoundError, UnreachableError
from landbridge.mcs.apply import apply
from landbridge.mcs.plan import Change, Changes
from tests.unit.fakes import WatchedApi, following, make_member, settle
from tests.unit.memory_api import MemoryApi
from tests.unit.objects import FLEET_UID, SERVICE2, cluster, slice_, versioned

pytestmark = pytest.mark.looptime

PATH = SLICES.path("mcs-demo")


def ours(name: str, *addresses: str) -> EndpointSlice:
    return slice_(name, *addresses, manager=MANAGER, labels={FLEET: FLEET_UID})


@pytest.fixture
def api() -> WatchedApi:
    api = WatchedApi()
    api.add(SLICES, ours("right"))
    api.add(SLICES, ours("wrong"))
    api.add(SLICES, ours("gone"))
    return api


@pytest.fixture
async def member(api: WatchedApi) -> AsyncGenerator[Member]:
    member = make_member(cluster("new"), api)
    async with following(member):
        yield member


def changes(api: WatchedApi) -> Changes:
    held = api.held(SLICES)
    wrong = versioned(ours("wrong", "10.1.0.9"), held["wrong"].metadata.resource_version)
    return Changes(
        create=(Change(ours("missing"), "NewSlice"), Change(ours("missing-2"), "NewSlice")),
        update=(Change(wrong, "SliceChanged"),),
        delete=(Change(held["gone"], "SliceGone"), Change(held["right"], "SliceGone")),
    )


def writes(api: WatchedApi) -> list[tuple[str, str]]:
    return [(method, path.removeprefix(f"{PATH}/")) for method, path in api.writes]


async def test_s5_each_change_is_one_request_and_deletes_come_last(api: WatchedApi, member: Member) -> None:
    heard: list[tuple[str, str]] = []
    await apply(member, changes(api), lambda verb, change: heard.append((verb, change.slice.metadata.name)))
    assert api.held(SLICES).keys() == {"missing", "missing-2", "wrong"}
    assert writes(api)[:3] == [("POST", PATH), ("POST", PATH), ("PUT", "wrong")]
    assert writes(api)[3:] == [("DELETE", "gone"), ("DELETE", "right")]
    assert heard == [
        ("create", "missing"),
        ("create", "missing-2"),
        ("update", "wrong"),
        ("delete", "gone"),
        ("delete", "right"),
    ]


@pytest.mark.parametrize("failing", ["POST", "PUT"])
async def test_s5_nothing_is_deleted_unless_everything_else_was_acknowledged(
    api: WatchedApi, member: Member, failing: str
) -> None:
    def fail(method: str, path: str) -> None:
        if method == failing:
            raise ForbiddenError(403, "Forbidden", "may not")

    api.before = fail
    with pytest.raises(ForbiddenError):
        await apply(member, changes(api))
    assert "DELETE" not in {method for method, _ in api.writes}
    assert len(api.writes) == 3  # the others of the step were tried all the same


async def test_s5_deletes_wait_for_requests_that_are_under_way(api: WatchedApi, member: Member) -> None:
    acknowledged: list[str] = []
    before_delete: list[list[str]] = []

    def note(method: str, path: str) -> None:
        if method == "DELETE":
            before_delete.append(list(acknowledged))

    api.before = note
    await apply(member, changes(api), lambda verb, change: acknowledged.append(change.slice.metadata.name))
    assert before_delete[0] == ["missing", "missing-2", "wrong"]


async def test_s5_an_update_of_an_old_version_is_refused(api: WatchedApi, member: Member) -> None:
    stale = changes(api).update
    api.add(SLICES, ours("wrong", "10.1.0.77"))
    with pytest.raises(ConflictError):
        await apply(member, Changes(update=stale))


async def test_s5_a_delete_of_an_old_version_is_refused(api: WatchedApi, member: Member) -> None:
    stale = changes(api).delete
    api.add(SLICES, ours("gone", "10.1.0.77"))
    with pytest.raises(ConflictError):
        await apply(member, Changes(delete=stale[:1]))
    assert "gone" in api.held(SLICES)


async def test_a_delete_of_what_is_gone_already_is_fine(api: WatchedApi, member: Member) -> None:
    delete = changes(api).delete
    api.remove(f"{PATH}/gone")
    heard: list[str] = []
    await apply(member, Changes(delete=delete), lambda verb, change: heard.append(change.slice.metadata.name))
    assert heard == ["gone", "right"]
    assert names(member) == {"wrong"}


def names(member: Member) -> set[str]:
    return {import_.metadata.name for import_ in member.slices.store}


async def test_s5_the_next_decision_sees_acknowledged_writes_before_their_events(
    api: WatchedApi, member: Member
) -> None:
    """No await between the acknowledgement and this: the watch had no chance."""
    todo = changes(api)
    seen: list[bool] = []

    def look(verb: str, change: Change) -> None:
        found = next((s for s in member.slices.store if s.metadata.name == change.slice.metadata.name), None)
        seen.append(
            found is None if verb == "delete" else found is not None and found.endpoints == change.slice.endpoints
        )

    await apply(member, todo, look)
    assert seen == [True] * 5
    held = {name: obj.metadata.resource_version for name, obj in api.held(SLICES).items()}
    assert {s.metadata.name: s.metadata.resource_version for s in member.slices.store} == held
    await settle()
    assert names(member) == held.keys()


async def test_what_was_not_acknowledged_is_not_in_the_store(api: WatchedApi, member: Member) -> None:
    todo = changes(api)

    def fail(method: str, path: str) -> None:
        if method != "GET":
            raise UnreachableError("time-out")

    api.before = fail
    with pytest.raises(KubeError):
        await apply(member, todo)
    assert names(member) == {"right", "wrong", "gone"}


@pytest.mark.parametrize("verb", ["create", "update"])
async def test_a_deletion_that_overtakes_the_answer_to_our_write_stays_s7(
    api: WatchedApi, member: Member, verb: str
) -> None:
    """The store would hold a ghost: believed to be right, and written to for ever, never there again."""
    todo = changes(api)
    api.late = asyncio.Event()
    change = todo.create[0] if verb == "create" else todo.update[0]
    writing = asyncio.create_task(apply(member, Changes(**{verb: (change,)})))
    await settle()
    api.remove(f"{PATH}/{change.slice.metadata.name}")
    await settle()
    api.late.set()
    await writing
    assert change.slice.metadata.name not in names(member)


async def test_an_update_of_what_is_gone_teaches_that_and_is_worked_on_again_at_once(
    api: WatchedApi, member: Member
) -> None:
    todo = changes(api)
    MemoryApi.remove(api, f"{PATH}/wrong")  # the watch says nothing of it yet
    with pytest.raises(NotFoundError):
        await apply(member, Changes(update=todo.update, delete=todo.delete))
    assert names(member) == {"right", "gone"}
    assert member.queue.pending(SERVICE2)


async def test_what_somebodys_finalizer_holds_is_not_forgotten_s11(api: WatchedApi, member: Member) -> None:
    """No await between the answer and the look: the watch had no chance."""
    path = f"{PATH}/gone"
    body = api.objects[path]
    api.put(path, body | {"metadata": body["metadata"] | {"finalizers": ["somebody/s"]}})
    await settle()
    ending: list[bool] = []

    def look(verb: str, change: Change) -> None:
        held = member.slices.store.get(change.slice.metadata.key)
        ending.append(held is not None and held.metadata.deletion_timestamp is not None)

    await apply(member, Changes(delete=(Change(api.held(SLICES)["gone"], "SliceGone"),)), look)
    assert ending == [True]
    api.remove(path)
    await settle()
    assert names(member) == {"right", "wrong"}
