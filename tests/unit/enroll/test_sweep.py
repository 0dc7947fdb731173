from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest
from msgspec.structs import replace

from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.enroll.debts import Debtor, debtors
from landbridge.enroll.removal import Swept
from landbridge.enroll.sweep import Target, aim, look, strays, sweep, why
from landbridge.fleet.amendment import amend
from landbridge.fleet.refusal import RefusedError
from tests.silence import silent
from tests.unit.fleet.stage import cluster, join_in_memory, put_import
from tests.unit.memory_api import MemoryApi
from tests.unit.objects import mcs

OURS, FORMER = "fleet-uid", "former-fleet"


@pytest.fixture
async def member(hub: MemoryApi) -> MemoryApi:
    member = cluster("old", "https://old:6443")
    await join_in_memory(hub, member)
    return member


def key(number: int) -> Key:
    return Key("shop", f"web{number}")


def put_imports(member: MemoryApi, numbers: Iterable[int], fleet: str = OURS) -> None:
    for number in numbers:
        put_import(member, fleet, number)


def put_joins(hub: MemoryApi, *numbers: int) -> None:
    for number in numbers:
        join = mcs(key=key(number))
        path = MULTI_CLUSTER_SERVICES.path("shop", join.metadata.name)
        hub.put(path, msgspec.json.decode(MULTI_CLUSTER_SERVICES.encode(join)))


def imports(member: MemoryApi) -> set[str]:
    return {path.rpartition("/")[2] for path in member.objects if "endpointslices" in path}


async def swept(hub: MemoryApi, member: MemoryApi, fleet: str = "") -> Swept:
    target = await aim(hub, member, "oldcluster", fleet)
    return await sweep(target, await look(target), silent)


async def test_s7_what_the_hub_explains_or_a_debt_stays(hub: MemoryApi, member: MemoryApi) -> None:
    put_joins(hub, 0)
    await amend(hub, lambda found: replace(found, debts={"oldcluster": frozenset({key(1)})}))
    put_imports(member, range(40))
    assert await swept(hub, member) == Swept(removed=38)
    assert imports(member) == {f"{OURS}-0", f"{OURS}-1"}


async def test_it_is_shown_by_service_with_the_reason(hub: MemoryApi, member: MemoryApi) -> None:
    put_joins(hub, 0)
    put_imports(member, range(2))
    target = await aim(hub, member, "oldcluster", "")
    found = await look(target)
    (row,) = strays(target, found)
    assert (row.service, row.imports, row.sources) == ("shop/web1", 1, ("newcluster",))
    assert why(target, found).startswith("1 of 2 imports in oldcluster are of Services for which the hub has no")
    assert len(imports(member)) == 2


async def test_s7_only_the_fleet_that_a_person_names_is_swept(hub: MemoryApi, member: MemoryApi) -> None:
    put_imports(member, [0])
    put_imports(member, [0, 1], FORMER)
    put_imports(member, [0], "third-fleet")
    target = await aim(hub, member, "oldcluster", FORMER)
    assert (await look(target)).others == {FORMER: 2, "third-fleet": 1}
    assert await swept(hub, member, FORMER) == Swept(removed=2)
    assert imports(member) == {f"{OURS}-0", "third-fleet-0"}
    assert await swept(hub, member, FORMER) == Swept()


async def test_s7_what_the_hub_explains_by_now_stays(hub: MemoryApi, member: MemoryApi) -> None:
    """A person thought about it for a while."""
    put_imports(member, range(3))
    target = await aim(hub, member, "oldcluster", "")
    shown = await look(target)
    put_joins(hub, 0)
    assert await sweep(target, shown, silent) == Swept(removed=2, changed=1)
    assert imports(member) == {f"{OURS}-0"}


async def test_s7_what_somebody_writes_stays(hub: MemoryApi, member: MemoryApi) -> None:
    """A fleet that lives keeps its imports up to date."""
    put_imports(member, range(2), FORMER)
    target = await aim(hub, member, "oldcluster", FORMER)
    shown = await look(target)
    put_imports(member, [0], FORMER)
    assert await sweep(target, shown, silent) == Swept(removed=1, changed=1)
    assert imports(member) == {f"{FORMER}-0"}


async def test_what_a_finalizer_holds_is_told(hub: MemoryApi, member: MemoryApi) -> None:
    put_imports(member, [0])
    path = SLICES.path("shop", f"{OURS}-0")
    body = member.objects[path]
    member.put(path, body | {"metadata": body["metadata"] | {"finalizers": ["somebodys/own"]}})
    assert await swept(hub, member) == Swept(held=1)


async def test_what_is_gone_already_counts_as_removed(hub: MemoryApi, member: MemoryApi) -> None:
    put_imports(member, [0])
    path = SLICES.path("shop", f"{OURS}-0")

    def first(method: str, asked: str) -> None:
        if method == "DELETE":
            member.before = lambda method, path: None
            member.remove(path)

    member.before = first
    assert await swept(hub, member) == Swept(removed=1)


@pytest.mark.parametrize("fleet", ["", FORMER])
async def test_another_cluster_than_the_one_of_that_name_is_refused(
    hub: MemoryApi, member: MemoryApi, fleet: str
) -> None:
    stranger = cluster("stranger", "https://stranger:6443")
    for name, api in (("oldcluster", stranger), ("newcluster", member)):
        with pytest.raises(RefusedError, match="the context is not cluster") as refusal:
            await aim(hub, api, name, fleet)
        assert refusal.value.reason == "WrongCluster"


async def test_a_cluster_that_is_no_member_may_hold_what_a_former_fleet_left(hub: MemoryApi, member: MemoryApi) -> None:
    stranger = cluster("stranger", "https://stranger:6443")
    put_imports(stranger, [0], FORMER)
    with pytest.raises(RefusedError, match="its members: oldcluster"):
        await aim(hub, stranger, "stranger", OURS)
    target = await aim(hub, stranger, "stranger", FORMER)
    assert target == Target("stranger", hub, stranger, OURS, FORMER)
    assert await sweep(target, await look(target), silent) == Swept(removed=1)


async def test_debts_are_listed_by_cluster(hub: MemoryApi) -> None:
    debts = {"newcluster": frozenset({key(2), key(1)}), "oldcluster": frozenset({key(1)})}
    owing = {"newcluster": "2026-01-01T00:00:00Z"}
    await amend(hub, lambda found: replace(found, debts=debts, owing=owing))
    assert await debtors(hub) == [
        Debtor("newcluster", "2026-01-01T00:00:00Z", ("shop/web1", "shop/web2")),
        Debtor("oldcluster", "", ("shop/web1",)),
    ]


async def test_a_cluster_that_is_no_hub_has_no_debts() -> None:
    with pytest.raises(RefusedError, match="landbridge fleet init"):
        await debtors(MemoryApi())
