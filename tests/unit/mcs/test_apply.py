"""S5: in which order the changes are written, and what happens when one fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

import pytest

from landbridge.api.discovery import SLICES, Endpoint, EndpointSlice
from landbridge.api.names import FLEET, MANAGER
from landbridge.clusters.member import Member
from landbridge.kube.errors import ConflictError, ForbiddenError, KubeError, NotFoundError, UnreachableError
from landbridge.mcs.apply import AlteredError, OvertakenError, SeveralFailedError, apply
from landbridge.mcs.plan import Change, Changes
from tests.unit.fakes import WatchedApi, following, make_member, settle
from tests.unit.memory_api import Body, MemoryApi
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
        update=(Change(wrong, "SliceChanged", held["wrong"]),),
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


async def test_s5_what_a_refused_create_was_to_bring_is_kept_where_it_is(api: WatchedApi, member: Member) -> None:
    """All three hold 10.1.0.1, which is to move to an import that a quota refuses."""
    api.before = refusing("POST")
    with pytest.raises(SeveralFailedError):
        await apply(member, changes(api))
    assert writes(api) == [("POST", PATH), ("POST", PATH), ("PUT", "wrong")]
    assert {name: addresses(slice_) for name, slice_ in api.held(SLICES).items()} == {
        "gone": ["10.1.0.1"],
        "right": ["10.1.0.1"],
        "wrong": ["10.1.0.9", "10.1.0.1"],
    }


async def test_s5_what_does_not_depend_on_a_refused_write_goes_on(api: WatchedApi, member: Member) -> None:
    """Dead endpoints go, and free a quota."""
    api.before = refusing("POST")
    dead = ours("dead", "10.1.0.66", "10.1.0.1")
    api.add(SLICES, dead)
    await settle()
    held = api.held(SLICES)
    todo = Changes(
        create=(Change(ours("new", "10.1.0.1"), "NewSlice"),),
        delete=(Change(held["gone"], "SliceGone"), Change(held["dead"], "SliceGone")),
    )
    with pytest.raises(ForbiddenError):
        await apply(member, todo)
    assert addresses(api.held(SLICES)["dead"]) == ["10.1.0.1"]
    todo = Changes(create=(Change(ours("new", "10.1.0.7"), "NewSlice"),), delete=todo.delete[:1])
    with pytest.raises(ForbiddenError):
        await apply(member, todo)
    assert "gone" not in api.held(SLICES)


async def test_s5_endpoints_that_swap_their_imports_are_in_both_for_a_moment(api: WatchedApi, member: Member) -> None:
    api.add(SLICES, ours("a", "10.1.0.1", "10.1.0.2"))
    api.add(SLICES, ours("b", "10.1.0.3", "10.1.0.4"))
    await settle()
    held = api.held(SLICES)
    swapped = (ours("a", "10.1.0.1", "10.1.0.3"), ours("b", "10.1.0.2", "10.1.0.4"))
    lost: list[set[str]] = []

    def look(verb: str, change: Change) -> None:
        now = api.held(SLICES)
        lost.append(set(addresses(held["a"]) + addresses(held["b"])) - set(addresses(now["a"]) + addresses(now["b"])))

    await apply(member, Changes(update=tuple(Change(s, "SliceChanged", held[s.metadata.name]) for s in swapped)), look)
    assert lost == [set()] * 4
    assert [addresses(api.held(SLICES)[name]) for name in "ab"] == [["10.1.0.1", "10.1.0.3"], ["10.1.0.2", "10.1.0.4"]]


async def test_s5_an_endpoint_that_moves_to_another_import_is_written_there_first(
    api: WatchedApi, member: Member
) -> None:
    api.add(SLICES, ours("a", "10.1.0.1", "10.1.0.2"))
    api.add(SLICES, ours("b", "10.1.0.3"))
    await settle()
    held = api.held(SLICES)
    moved = (ours("a", "10.1.0.1"), ours("b", "10.1.0.3", "10.1.0.2"))
    await apply(member, Changes(update=tuple(Change(s, "SliceChanged", held[s.metadata.name]) for s in moved)))
    assert writes(api) == [("PUT", "b"), ("PUT", "a")]


def alone(verb: str, change: Change) -> Changes:
    match verb:
        case "create":
            return Changes(create=(change,))
        case "update":
            return Changes(update=(change,))
        case _:
            return Changes(delete=(change,))


@pytest.mark.parametrize("verb", ["create", "update"])
async def test_s5_what_was_changed_on_its_way_is_not_acknowledged(api: WatchedApi, member: Member, verb: str) -> None:
    def drop_an_endpoint(body: Body) -> Body:
        return body | {"endpoints": []}

    api.mutate = drop_an_endpoint
    todo = changes(api)
    change = todo.create[0] if verb == "create" else todo.update[0]
    with pytest.raises(AlteredError, match=r"changed on its way into new \(endpoints\)"):
        await apply(member, alone(verb, change))
    assert addresses(next(s for s in member.slices.store if s.metadata.name == change.slice.metadata.name)) == []


async def test_a_create_of_what_is_there_under_that_name_takes_it_over(api: WatchedApi, member: Member) -> None:
    """Somebody took all our labels off; the name proves whose it is."""
    bare = {"metadata": {"namespace": "mcs-demo"}, "addressType": "IPv4", "endpoints": [], "ports": []}
    api.put(f"{PATH}/missing", bare)
    await settle()
    await apply(member, Changes(create=changes(api).create[:1]))
    assert writes(api) == [("POST", PATH), ("PUT", "missing")]
    assert api.held(SLICES)["missing"].managed_by == MANAGER


async def test_s5_what_is_taken_over_keeps_what_is_awaited_elsewhere(api: WatchedApi, member: Member) -> None:
    """Decided when nothing was there: a restored etcd brought it back, with an endpoint that had moved elsewhere."""
    api.add(SLICES, ours("missing", "10.1.0.200"))
    await settle()
    wrong = api.held(SLICES)["wrong"]
    moved = versioned(ours("wrong", "10.1.0.200"), wrong.metadata.resource_version)
    create, update = Change(ours("missing", "10.1.0.9"), "NewSlice"), Change(moved, "SliceChanged", wrong)

    def refuse(method: str, path: str) -> None:
        if (method, path) == ("PUT", f"{PATH}/wrong"):
            raise ForbiddenError(403, "Forbidden", "exceeded quota")

    api.before = refuse
    with pytest.raises(ForbiddenError):
        await apply(member, Changes(create=(create,), update=(update,)))
    assert addresses(api.held(SLICES)["missing"]) == ["10.1.0.9", "10.1.0.200"]

    api.before = lambda method, path: None
    await apply(member, Changes(create=(create,), update=(update,)))
    assert addresses(api.held(SLICES)["missing"]) == ["10.1.0.9"]
    assert addresses(api.held(SLICES)["wrong"]) == ["10.1.0.200"]


async def test_s5_deletes_wait_for_requests_that_are_under_way(api: WatchedApi, member: Member) -> None:
    acknowledged: list[str] = []
    before_delete: list[list[str]] = []

    def note(method: str, path: str) -> None:
        if method == "DELETE":
            before_delete.append(list(acknowledged))

    api.add(SLICES, ours("dead", "10.1.0.66"))
    await settle()
    todo = replace(changes(api), delete=(Change(api.held(SLICES)["dead"], "SliceGone"),))
    api.before = note
    await apply(member, todo, lambda verb, change: acknowledged.append(change.slice.metadata.name))
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


@pytest.mark.parametrize("verb", ["update", "delete"])
async def test_s5_nothing_is_given_up_when_what_it_moved_to_was_deleted_meanwhile(
    api: WatchedApi, member: Member, verb: str
) -> None:
    """Decided when another import had it; that was deleted while the permit was waited for, as after a sleep (S12)."""
    todo = changes(api)

    async def sleep() -> None:
        api.remove(f"{PATH}/right")
        await settle()

    member.api.permitted = sleep  # type: ignore[method-assign]
    change = todo.delete[0] if verb == "delete" else todo.update[0]
    with pytest.raises(OvertakenError):
        await apply(member, replace(alone(verb, change), wanted={"right": ours("right")}))
    assert writes(api) == []


async def test_a_delete_of_what_is_gone_already_is_fine(api: WatchedApi, member: Member) -> None:
    delete = changes(api).delete
    api.remove(f"{PATH}/gone")
    heard: list[str] = []
    await apply(member, Changes(delete=delete), lambda verb, change: heard.append(change.slice.metadata.name))
    assert heard == ["gone", "right"]
    assert names(member) == {"wrong"}


def addresses(slice_: EndpointSlice) -> list[str]:
    return [endpoint.addresses[0] for endpoint in slice_.endpoints or ()]


def refusing(verb: str) -> Callable[[str, str], None]:
    def refuse(method: str, path: str) -> None:
        if method == verb:
            raise ForbiddenError(403, "Forbidden", "exceeded quota")

    return refuse


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
    writing = asyncio.create_task(apply(member, alone(verb, change)))
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
    assert names(member) == set()
    assert member.queue.pending(SERVICE2)


async def test_what_somebodys_finalizer_holds_is_not_forgotten_s11(api: WatchedApi, member: Member) -> None:
    """No await between the answer and the look: the watch had no chance."""
    path = await hold(api)
    ending: list[bool] = []

    def look(verb: str, change: Change) -> None:
        held = member.slices.store.get(change.slice.metadata.key)
        ending.append(held is not None and held.metadata.deletion_timestamp is not None)

    await apply(member, Changes(delete=(Change(api.held(SLICES)["gone"], "SliceGone"),)), look)
    assert ending == [True, True]
    api.remove(path)
    await settle()
    assert names(member) == {"right", "wrong"}


async def test_s11_what_somebodys_finalizer_holds_routes_nowhere_meanwhile(api: WatchedApi, member: Member) -> None:
    await hold(api)
    heard: list[tuple[str, tuple[Endpoint, ...] | None]] = []
    for _ in range(3):
        todo = Changes(delete=(Change(api.held(SLICES)["gone"], "SliceGone"),))
        await apply(member, todo, lambda verb, change: heard.append((verb, change.slice.endpoints)))
        await settle()
    assert writes(api) == [("DELETE", "gone"), ("PUT", "gone"), ("DELETE", "gone"), ("DELETE", "gone")]
    assert heard[0] == ("update", ())
    held = api.held(SLICES)["gone"]
    assert (held.endpoints, held.metadata.finalizers) == ((), ("somebody/s",))


async def test_s11_whoever_fills_again_what_he_holds_is_undone_once(api: WatchedApi, member: Member) -> None:
    """Or both would write as fast as they can."""
    path = await hold(api)
    full = api.objects[path]["endpoints"]
    for _ in range(3):
        await apply(member, Changes(delete=(Change(api.held(SLICES)["gone"], "SliceGone"),)))
        api.put(path, api.objects[path] | {"endpoints": full})
        await settle()
    assert writes(api) == [("DELETE", "gone"), ("PUT", "gone"), ("DELETE", "gone"), ("DELETE", "gone")]


async def hold(api: WatchedApi) -> str:
    """Somebody puts a finalizer on the import that is to go; gives its path."""
    path = f"{PATH}/gone"
    body = api.objects[path]
    api.put(path, body | {"metadata": body["metadata"] | {"finalizers": ["somebody/s"]}})
    await settle()
    return path


async def test_s15_a_service_of_many_slices_leaves_room_for_others(api: WatchedApi, member: Member) -> None:
    api.pause = 1.0
    many = Changes(create=tuple(Change(ours(f"of-many-{number}"), "NewSlice") for number in range(100)))
    writing = asyncio.create_task(apply(member, many))
    await settle(0.5)
    began = asyncio.get_running_loop().time()
    await apply(member, Changes(create=(Change(ours("alone"), "NewSlice"),)))
    assert asyncio.get_running_loop().time() - began == pytest.approx(1.0)
    await writing
