"""Two controllers of one fleet: one leads, and whoever led before it changes nothing of what it writes (S12).

The first one reaches all clusters through the lab's forwarders, which can be cut. The second one goes past them: its
kubeconfig names the hub's own address; once the hub is cut off from the first one, the members' Secrets name theirs.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
import pytest

from tests.api.audit import Mark, Request
from tests.api.controller_process import STARTED, ControllerProcess, free_port
from tests.api.scene import Body, Scene
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, HUB, NEW, OLD, World

LEASE = float(os.environ.get("LEASE_SECONDS", "2"))
ROUNDS = int(os.environ.get("TAKE_OVER_ROUNDS", "1"))
"""How often the leader is killed or stopped; more by hand."""

WATCHED = float(os.environ.get("WATCHED_SECONDS", "2"))
"""How long an old leader is watched for writes; longer by hand."""

OPTIONS = ("--lease-seconds", f"{LEASE:g}", "--verbose")
LEADING = (200, "ok, leading\n")


@dataclass
class Pair:
    """Two controllers; the first one leads at first."""

    first: ControllerProcess
    second: ControllerProcess

    def swap(self) -> None:
        """What one was, the other is."""
        self.first, self.second = self.second, self.first


@pytest.fixture(scope="module")
async def second(world: World, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[ControllerProcess]:
    """A controller that stands by for the world's, once it is started."""
    folder = tmp_path_factory.mktemp("second")
    second = ControllerProcess(_direct_kubeconfig(world, folder), folder / "second.log", OPTIONS)
    async with world.controller.with_options(*OPTIONS):
        second.port = free_port(world.controller.port + 1)
        yield second
        await second.end()


@pytest.fixture
async def pair(controller: ControllerProcess, second: ControllerProcess) -> AsyncGenerator[Pair]:
    """The world's controller leads, before and after the test."""
    log = len(second.said()) if second.running else 0
    if not second.running:
        await second.spawn()
        await _stands_by(second)
    yield Pair(controller, second)
    print(second.said(log))
    if await controller.get("/readyz") != LEADING:
        await second.end()
        await _leads(controller)


@pytest.mark.parametrize("hub", ["in view", "away"])
async def test_a_leader_that_slept_through_its_lease_changes_nothing_s12(scene: Scene, pair: Pair, hub: str) -> None:
    """Fault A3: it wakes with an old cache, in whichever order its connections do; the hub may be away from it."""
    await scene.make_service(OLD, NEW)
    await scene.put_slice(OLD, scene.pod(OLD, 1))
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, scene.pod(OLD, 1))
    for round_ in range(ROUNDS):
        one, two = scene.pod(OLD, 10 + 2 * round_), scene.pod(OLD, 11 + 2 * round_)
        with pair.first.asleep():
            await scene.put_slice(OLD, one)  # is in the sockets of the sleeper
            await scene.arrives(NEW, one)
            await scene.put_slice(OLD, two)
            written = await scene.arrives(NEW, two)
            if hub == "away":
                await scene.world.cluster(HUB).cut(api=True, mode="freeze")
        try:
            await _stays(scene, written)
        finally:
            await scene.world.cluster(HUB).heal()
        await _stands_by(pair.first)
        await _lead_again(pair)


@pytest.mark.parametrize("provider", ["cut", "freeze"])
async def test_an_old_leader_without_hub_and_provider_changes_nothing_s12(
    scene: Scene, pair: Pair, provider: str
) -> None:
    """Fault A3, (a) cut and (b) frozen: it wrote from a stale cache over what the new one wrote, or deleted it.

    Frozen, it still follows the hub's own cluster as a provider; that is no reason to touch what comes from another.
    """
    await scene.make_service(*CLUSTERS)
    one, two, three = scene.pods(OLD, 3)
    hub, other, last = scene.pods(HUB, 3)
    await scene.put_slice(OLD, one)
    await scene.put_slice(HUB, hub)
    await scene.make_mcs([OLD, HUB], [NEW])
    await scene.arrives(NEW, one, hub)
    await scene.shows(NEW, "Synced", importedReady=2)
    async with _cut_off(scene.world, pair, provider):
        await scene.put_slice(OLD, two)
        await scene.put_slice(OLD, three, name="web-second")
        await scene.arrives(NEW, two, three, hub)
        await scene.put_slice(HUB, other)
        await _stays(scene, await scene.arrives(NEW, two, three, other))
        await scene.delete_slice(OLD, "web-second")
        await scene.put_slice(OLD, one)
        await scene.put_slice(HUB, last)
        await _stays(scene, await scene.arrives(NEW, one, last))
    await scene.shows(NEW, "Synced", importedReady=2)


async def test_what_a_new_leader_ended_an_old_one_does_not_make_again_s12(scene: Scene, pair: Pair) -> None:
    """Fault A3 (c): the hub away from the first one, a MultiClusterService deleted; its imports came back for ever."""
    await scene.make_service(OLD, NEW)
    one, two = scene.pods(OLD, 2)
    await scene.put_slice(OLD, one)
    await scene.make_mcs([OLD], [NEW])
    await scene.arrives(NEW, one)
    async with _cut_off(scene.world, pair):
        await scene.delete_mcs()
        await scene.mcs_gone()
        await scene.put_slice(OLD, one, two)
        await _stays(scene, [])
    await _stays(scene, [])


async def test_a_standby_takes_over_in_time_and_writes_what_changed_alone_s12(scene: Scene, pair: Pair) -> None:
    """Fault F1, too: a standby is ready all the time."""
    quiet = Scene(scene.world, scene.namespace, "quiet")
    for one in (scene, quiet):
        await one.make_service(*CLUSTERS)
        await one.put_slice(OLD, scene.pod(OLD, 1), name=f"{one.name}-a")
        await one.make_mcs([OLD], [NEW, HUB])
    for cluster in (NEW, HUB):
        await scene.arrives(cluster, scene.pod(OLD, 1), scene.pod(OLD, 1))
        for one in (scene, quiet):
            await one.shows(cluster, "Synced", importedReady=1)
    try:
        times = [await _take_over(scene, pair, round_) for round_ in range(ROUNDS)]
    finally:
        await quiet.delete_mcs()
        await quiet.mcs_gone()
    elected, followed = ([time[i] for time in times] for i in (0, 1))
    print(f"kill to elected: median {median(elected):.2f} s, worst {max(elected):.2f} s")
    print(f"kill to a changed endpoint: median {median(followed):.2f} s, worst {max(followed):.2f} s")


async def _take_over(scene: Scene, pair: Pair, round_: int) -> tuple[float, float]:
    """Kill the leader; gives the seconds until the other was elected, and until a change was in both consumers."""
    clock = asyncio.get_running_loop().time
    before = {cluster: await _imports_of(scene, cluster, "quiet-") for cluster in (NEW, HUB)}
    marks = {cluster: scene.world.audit(cluster).mark() for cluster in CLUSTERS}
    assert (await pair.second.get("/readyz"))[0] == 200
    log, pod = len(pair.second.said()), scene.pod(OLD, 10 + round_)
    await pair.first.end(signal.SIGKILL)
    killed = clock()
    await scene.put_slice(OLD, pod, name="web-a")
    await eventually(lambda: _said(pair.second, log), lambda text: "elected" in text)
    elected = clock() - killed
    for cluster in (NEW, HUB):
        await scene.arrives(cluster, pod, scene.pod(OLD, 1), deadline=max(0.0, killed + LEASE + 2 - clock()))
    followed = clock() - killed
    await _leads(pair.second)
    await eventually(lambda: pair.second.metric("landbridge_queue_length"), lambda length: length == 0)
    assert {cluster: await _imports_of(scene, cluster, "quiet-") for cluster in (NEW, HUB)} == before
    assert [await _writes(scene, cluster, marks[cluster]) for cluster in (HUB, OLD, NEW)] == [
        ["update endpointslices"],
        [],
        ["update endpointslices"],
    ]
    await pair.first.spawn()
    pair.swap()
    await _stands_by(pair.second)
    return elected, followed


@asynccontextmanager
async def _cut_off(world: World, pair: Pair, provider: str = "") -> AsyncGenerator[None]:
    """The first one loses the hub, which is a member as well, and may lose a provider; the second one leads."""
    log = len(pair.second.said())
    if provider == "freeze":
        await _go_past_the_forwarder(world, pair.first, HUB)
    await world.cluster(HUB).cut(api=True, mode=provider or "cut")
    try:
        await eventually(lambda: _said(pair.second, log), lambda text: "elected" in text)
        if provider:
            await world.cluster(OLD).cut(api=True, mode=provider)
        for name in CLUSTERS:
            await world.readdress(name, world.cluster(name).direct_server)
        await eventually(lambda: _live(pair.second), lambda live: live == len(CLUSTERS))
        yield
    finally:
        for name in CLUSTERS:
            await world.readdress(name, world.cluster(name).server)
        for name in (HUB, OLD):
            await world.cluster(name).heal()
    await _stands_by(pair.first)


async def _go_past_the_forwarder(world: World, controller: ControllerProcess, name: str) -> None:
    """Let a controller that sees the hub reach a member directly."""
    log, server = len(controller.said()), world.cluster(name).direct_server
    await world.readdress(name, server)
    await eventually(lambda: _said(controller, log), lambda text: server in text)
    await eventually(lambda: _live(controller), lambda live: live == len(CLUSTERS))


async def _lead_again(pair: Pair) -> None:
    """The second one hands over, and stands by again."""
    await pair.second.end()
    await _leads(pair.first)
    await pair.second.spawn()
    await _stands_by(pair.second)


async def _leads(controller: ControllerProcess) -> None:
    await eventually(lambda: controller.get("/readyz"), lambda answer: answer == LEADING, STARTED)


async def _stands_by(controller: ControllerProcess) -> None:
    async def answer() -> tuple[int, str]:
        try:
            return await controller.get("/readyz")
        except aiohttp.ClientError:  # not yet listening
            return 0, ""

    await eventually(answer, lambda found: found[0] == 200 and "standing by" in found[1], STARTED)


async def _stays(scene: Scene, written: list[Body]) -> None:
    """For some time no import is touched, by whomsoever."""
    end = asyncio.get_running_loop().time() + WATCHED
    while asyncio.get_running_loop().time() < end:
        assert await scene.imports(NEW) == written
        await asyncio.sleep(0.02)


async def _live(controller: ControllerProcess) -> float:
    return await controller.metric("landbridge_cluster_live")


async def _said(controller: ControllerProcess, since: int) -> str:
    return controller.said(since)


async def _imports_of(scene: Scene, cluster: str, prefix: str) -> list[Body]:
    return [one for one in await scene.imports(cluster) if one["metadata"]["name"].startswith(prefix)]


async def _writes(scene: Scene, cluster: str, mark: Mark) -> list[str]:
    seen: list[Request] = await scene.world.audit(cluster).since(mark)
    return [r.short for r in seen if r.writes and r.object_ref.resource not in ("leases", "serviceaccounts")]


def _direct_kubeconfig(world: World, folder: Path) -> Path:
    cluster, path = world.cluster(HUB), folder / "second.kubeconfig"
    path.write_text(world.controller.kubeconfig.read_text().replace(cluster.server, cluster.direct_server))
    path.chmod(0o600)
    return path
