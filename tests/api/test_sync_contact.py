"""Unknown is not dead (S7), and how contact is kept (S8)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from landbridge.api.core import SECRETS, SERVICE_ACCOUNTS, Secret
from landbridge.api.discovery import SLICES
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import SYNC_ACCOUNT, SYSTEM_NAMESPACE
from landbridge.fleet.cluster import PREFIX, encode, read_cluster
from landbridge.fleet.settings import render_settings
from landbridge.fleet.tokens import mint
from landbridge.fleet.trouble import read_trouble
from landbridge.kube.api import Api
from landbridge.kube.credentials import StaticToken
from tests.api.audit import Request
from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, HUB, NEW, OLD


@asynccontextmanager
async def _away(scene: Scene, cluster: str) -> AsyncGenerator[None]:
    """The controller has lost contact with a cluster while the body runs, and said so."""
    await scene.world.cluster(cluster).cut(api=True)
    try:
        await scene.shows(cluster, "Stale")
        yield
    finally:
        await scene.world.cluster(cluster).heal()


async def test_nothing_is_removed_while_a_provider_is_away_s7(scene: Scene) -> None:
    await scene.make_service(*CLUSTERS)
    hub, (one, two, three) = scene.pod(HUB, 1), scene.pods(OLD, 3)
    await scene.put_slice(OLD, one)
    await scene.put_slice(OLD, two, name="web-second")
    await scene.make_mcs([OLD, HUB], [NEW, HUB])
    before = await scene.arrives(NEW, one, two)
    await scene.shows(NEW, "Synced")
    async with _away(scene, OLD):
        await scene.put_slice(OLD, three)
        await scene.delete_slice(OLD, "web-second")
        await scene.put_slice(HUB, hub)  # the others go on, and show that the consumer was looked at
        after = await scene.arrives(NEW, one, two, hub)
        assert [s for s in after if s in before] == before
        ready = await eventually(lambda: scene.condition("Ready"), lambda found: found["status"] == "Unknown")
        assert ready["reason"] == "Stale"
        assert "last known endpoints are kept" in (await scene.row(OLD))["message"]
    await scene.arrives(NEW, three, hub)
    await scene.shows(OLD, "Synced", message="")
    await eventually(lambda: scene.condition("Ready"), lambda found: found["status"] == "True")


async def test_a_consumer_that_was_away_gets_what_happened_meanwhile_s7(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    one, two, three = scene.pods(OLD, 3)
    await scene.put_slice(OLD, one)
    await scene.put_slice(OLD, two, name="web-second")
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, one, two)
    await scene.shows(NEW, "Synced")
    async with _away(scene, NEW):
        await scene.put_slice(OLD, three)
        await scene.delete_slice(OLD, "web-second")
        await scene.shows(OLD, "Synced", ownReady=1)
        assert await scene.imported(NEW) == sorted([one, two])
    await scene.arrives(NEW, three)
    await scene.shows(NEW, "Synced")


async def test_nothing_is_asked_or_written_while_the_watch_is_held_back(scene: Scene) -> None:
    """No polling: with the provider's watch frozen its change is not seen; the other provider's changes are."""
    await scene.make_service(*CLUSTERS)
    await scene.make_mcs([OLD, HUB], [NEW])
    one, two = scene.pods(OLD, 2)
    await scene.put_slice(OLD, one)
    before = await scene.only_import(NEW, one)
    mark = scene.world.audit(OLD).mark()
    await scene.world.cluster(OLD).cut(api=True, mode="freeze")
    try:
        await scene.put_slice(OLD, two)
        for pod in scene.pods(HUB, 20):
            await scene.put_slice(HUB, pod)
            found = await scene.arrives(NEW, one, pod)
            assert before in found
        assert await scene.world.audit(OLD).since(mark) == []
    finally:
        await scene.world.cluster(OLD).heal()
    await scene.arrives(NEW, two, scene.pod(HUB, 20))


async def test_a_changed_token_serves_the_next_request_s8(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    await scene.make_mcs([OLD], [NEW])
    pods = iter(scene.pods(OLD, 200))
    before = await _change(scene, next(pods))
    mark = scene.world.audit(NEW).mark()
    await _store(scene, NEW, token=await mint(scene.world.admins[NEW], SYNC_ACCOUNT))

    async def credential() -> str:
        return (await _change(scene, next(pods))).user.credential

    await eventually(credential, lambda found: found != before.user.credential)
    verbs = {request.verb for request in await scene.world.audit(NEW).since(mark)}
    assert verbs == {"update"}, "the watches go on as they are"


async def test_of_two_tokens_the_one_that_works_serves_and_is_stored_s8(scene: Scene) -> None:
    """A hub that was restored from a backup has old tokens; the controller has good ones."""
    await scene.make_service(OLD, NEW)
    await scene.make_mcs([OLD], [NEW])
    one, two = scene.pods(OLD, 2)
    await scene.put_slice(OLD, one)
    await scene.arrives(NEW, one)
    foreign = await mint(scene.world.admins[OLD], SYNC_ACCOUNT)  # by its dates it is good
    await _store(scene, NEW, token=foreign)
    await scene.put_slice(OLD, two)
    await scene.arrives(NEW, two, deadline=3)

    async def stored() -> str:
        return read_cluster(await _secret(scene, NEW)).token

    found = await eventually(stored, lambda token: token != foreign)
    known = replace(read_cluster(await _secret(scene, NEW)).config, server=scene.world.cluster(NEW).direct_server)
    async with Api(known, StaticToken(found)) as api:
        await api.list(SLICES)


async def test_a_refused_token_removes_nothing_s7(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    await scene.make_mcs([OLD], [NEW])
    pods = iter(scene.pods(OLD, 1000))
    await scene.put_slice(OLD, next(pods))
    await scene.holds(NEW, 1)

    async def message_after_a_change() -> str:
        await scene.put_slice(OLD, next(pods))
        message: str = (await scene.row(NEW)).get("message", "")
        return message

    await scene.world.admins[NEW].delete(SERVICE_ACCOUNTS, ObjectMeta(SYNC_ACCOUNT, SYSTEM_NAMESPACE))
    try:
        await eventually(message_after_a_change, lambda message: "Unauthorized" in message, 30)
        await scene.holds(NEW, 1)
        last = next(pods)
        await scene.put_slice(OLD, last)
        assert await scene.imported(NEW) != [last]
    finally:
        await scene.world.join(NEW)
    await scene.arrives(NEW, last)
    await scene.shows(NEW, "Synced")


async def test_a_changed_address_is_a_new_connection_s8(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    one, two, three = scene.pods(OLD, 3)
    await scene.make_mcs([OLD], [NEW])
    await scene.put_slice(OLD, one)
    before = await scene.only_import(NEW, one)
    row = await scene.shows(NEW, "Synced", importedReady=1)
    cluster = scene.world.cluster(NEW)
    mark = scene.world.audit(NEW).mark()
    await _write(scene, NEW, {"server": encode(cluster.direct_server)})
    try:
        await eventually(cluster.forwarder, lambda state: state.connections == 0)
        assert await scene.row(NEW) == row, "at no moment it was Stale: its time would be another"
        await cluster.cut(api=True)
        await scene.put_slice(OLD, two)
        after = await scene.only_import(NEW, two)
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        seen = await eventually(lambda: scene.world.audit(NEW).since(mark), lambda found: any(r.writes for r in found))
        assert {"list endpointslices", "list services", "list namespaces"} <= {request.short for request in seen}
        assert [request.short for request in seen if request.writes] == ["update endpointslices"]
    finally:
        await cluster.heal()
        await _write(scene, NEW, {"server": encode(cluster.server)})
    await eventually(cluster.forwarder, lambda state: state.connections > 0)
    await scene.put_slice(OLD, three)
    await scene.arrives(NEW, three)


async def test_a_wrong_ca_blinds_no_healthy_cluster_s8(scene: Scene) -> None:
    await scene.make_service(OLD, NEW)
    one, two, three = scene.pods(OLD, 3)
    await scene.make_mcs([OLD], [NEW])
    await scene.put_slice(OLD, one)
    await scene.arrives(NEW, one)
    secret = await _secret(scene, NEW)
    known = read_cluster(secret)
    wrong = replace(known.config, ca=read_cluster(await _secret(scene, OLD)).config.ca)
    await _write(scene, NEW, {"config": encode(render_settings(wrong, known.token))})
    try:
        told = "new address or CA not usable yet"
        await eventually(lambda: scene.row(NEW), lambda row: row.get("state") == "Synced" and told in row["message"])
        await eventually(lambda: _secret(scene, NEW), lambda found: read_trouble(found.metadata))
        await scene.put_slice(OLD, two)
        await scene.arrives(NEW, two, deadline=3)
    finally:
        await _write(scene, NEW, secret.data or {})
    await scene.shows(NEW, "Synced", message="")
    await scene.put_slice(OLD, three)
    await scene.arrives(NEW, three, deadline=3)


async def test_the_address_and_token_of_another_cluster_change_nothing_but_what_is_told_s7(scene: Scene) -> None:
    """As by a slip of whoever writes Secrets: the other cluster answers, and has everything in view."""
    await scene.make_service(HUB, OLD, NEW)
    (one, two), new = scene.pods(OLD, 2), scene.pod(NEW, 1)
    await scene.put_slice(OLD, one)
    await scene.put_slice(NEW, new)
    await scene.make_mcs([OLD, NEW], [HUB, NEW])
    await scene.arrives(HUB, one, new)
    await scene.arrives(NEW, one)
    secret = await _secret(scene, OLD)
    good, other = secret.data or {}, (await _secret(scene, NEW)).data or {}
    await _write(scene, OLD, {key: other[key] for key in ("server", "config")})
    try:
        told = "another cluster answers at this address"
        await eventually(lambda: scene.row(OLD), lambda row: row.get("state") == "Synced" and told in row["message"])
        await scene.put_slice(OLD, two)
        await scene.arrives(HUB, two, new, deadline=3)
        await scene.arrives(NEW, two, deadline=3)
        await scene.world.controller.end()
        await scene.world.controller.start()
        row = await scene.shows(OLD, "Stale")
        assert told in row["message"]
        assert await scene.imported(HUB) == sorted([two, new])
        assert await scene.imported(NEW) == [two]
    finally:
        await _write(scene, OLD, {key: good[key] for key in ("server", "config")})
    await scene.shows(OLD, "Synced", message="")
    await scene.put_slice(OLD, one)
    await scene.arrives(HUB, one, new)
    await scene.arrives(NEW, one)


async def _change(scene: Scene, pod: str) -> Request:
    """One endpoint change; gives the request that brought it to the consumer."""
    audit = scene.world.audit(NEW)
    mark = audit.mark()
    await scene.put_slice(OLD, pod)
    await scene.arrives(NEW, pod)
    (found,) = await eventually(lambda: audit.since(mark), bool)
    return found


async def _secret(scene: Scene, cluster: str) -> Secret:
    return await scene.world.hub.get(SECRETS, f"{PREFIX}{cluster}", SYSTEM_NAMESPACE)


async def _store(scene: Scene, cluster: str, *, token: str) -> None:
    """Put a token into the cluster's Secret."""
    known = read_cluster(await _secret(scene, cluster))
    await _write(scene, cluster, {"config": encode(render_settings(known.config, token))})


async def _write(scene: Scene, cluster: str, data: dict[str, str]) -> None:
    meta = (await _secret(scene, cluster)).metadata
    await scene.world.hub.merge_patch(SECRETS, meta, {"data": data})
