"""A balancer between the controller and every API server that ends connections which carry nothing for a while."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory

from landbridge_lab import ClusterSpec, Lab
from prometheus_client.parser import text_string_to_metric_families

from bench.checkout import Checkout
from bench.figures import Chase, Spread
from bench.load import Namespace, number_of
from bench.sight import Saw, sight
from bench.stage import acknowledged, settled
from landbridge.api.discovery import EndpointSlice
from landbridge.api.meta import ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, ClusterRef, MultiClusterService, MultiClusterServiceSpec
from tests.api.controller_process import free_port
from tests.api.world import CLUSTERS, HUB, World, seen_by_admins

NAMESPACE = "idle"
ENDPOINTS = 3
LOOK = 0.25
"""Seconds between two looks at what the controller says of itself."""

ROUTES = dict(zip(CLUSTERS, (*CLUSTERS[1:], CLUSTERS[0]), strict=True))
"""From each cluster to the next: one Service each, so that nothing but its own changes moves on a connection."""


@dataclass(frozen=True)
class Idle:
    """What was measured of one checkout."""

    checkout: str
    seconds: float
    live: dict[str, float]
    """Share of the looks at which each cluster was said to be live."""
    lost: dict[str, int]
    """How often each was said to be live no more."""
    status_writes: float
    changes: Spread
    slowest: float
    """Seconds."""
    missed: int
    """Changes that never arrived."""
    unauthorized: float
    """Requests that an API server answered with 401."""
    renewals: int
    """Tokens, of ten minutes, that were replaced by new ones."""


@dataclass
class Looks:
    """What the controller said of its clusters, look by look."""

    total: int = 0
    live: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    _before: frozenset[str] = frozenset()

    def add(self, live: frozenset[str]) -> None:
        """One more."""
        self.total += 1
        self.live.update(live)
        self.lost.update(self._before - live)
        self._before = live


async def idle(name: str, checkouts: Sequence[Path], after: float, seconds: float, every: float) -> tuple[Idle, ...]:
    """Measure these at the same time, each on a lab of its own."""
    port = free_port()
    async with asyncio.TaskGroup() as tasks:
        runs = [
            tasks.create_task(_measured(f"{name}-{n}", Checkout(root), free_port(port + n), after, seconds, every))
            for n, root in enumerate(checkouts)
        ]
    return tuple(run.result() for run in runs)


async def _measured(name: str, checkout: Checkout, port: int, after: float, seconds: float, every: float) -> Idle:
    async with _at_work(name, checkout, port) as world:
        providers = await _stage(world)
        await settled(world)
        for cluster in CLUSTERS:
            await world.cluster(cluster).cut(api=True, mode="idle", after=after)
        written = await world.controller.metric("landbridge_status_writes_total")
        refused = await _unauthorized(world)
        chase, looks = Chase(), Looks()
        async with AsyncExitStack() as stack:
            for provider, consumer in ROUTES.items():
                saw = _sees(chase, provider)
                await stack.enter_async_context(sight(world.admins[consumer], NAMESPACE, saw))
            looking = asyncio.create_task(_look(world, looks))
            try:
                await _change(chase, providers, seconds, every)
            finally:
                looking.cancel()
        return Idle(
            str(checkout.root),
            seconds,
            {cluster: looks.live[cluster] / looks.total for cluster in CLUSTERS},
            {cluster: looks.lost[cluster] for cluster in CLUSTERS},
            await world.controller.metric("landbridge_status_writes_total") - written,
            Spread.of(chase.seconds),
            max(chase.seconds),
            chase.lost,
            await _unauthorized(world) - refused,
            world.controller.said().count("token renewed"),
        )


@asynccontextmanager
async def _at_work(name: str, checkout: Checkout, port: int) -> AsyncGenerator[World]:
    """A fleet of three, made by the checkout's own commands, and its controller."""
    async with AsyncExitStack() as stack:
        specs = [ClusterSpec(cluster) for cluster in CLUSTERS]
        lab = await stack.enter_async_context(Lab(name, specs, control_plane_only=True))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="landbridge-idle-")))
        world = World(lab, await stack.enter_async_context(seen_by_admins(lab)), checkout.controller(folder, port))
        admin = ("--kubeconfig", lab.kubeconfig)
        await checkout.run(
            "fleet", "init", *admin, "--context", HUB, "--controller-kubeconfig", world.controller.kubeconfig
        )
        for cluster in CLUSTERS:
            pods = ("--pod-cidr", world.cluster(cluster).pod_cidr)
            await checkout.run("fleet", "join", cluster, *admin, "--context", cluster, "--hub-context", HUB, *pods)
        stack.push_async_callback(world.controller.end)
        await world.controller.spawn()
        yield world


async def _stage(world: World) -> dict[str, Namespace]:
    """From each cluster to the next, one Service of the provider's name; gives the providers."""
    made = {
        cluster: Namespace(world.admins[cluster], IPv4Network(world.cluster(cluster).pod_cidr), NAMESPACE)
        for cluster in CLUSTERS
    }
    for space in made.values():
        await space.make(CLUSTERS)
    for provider, consumer in ROUTES.items():
        await made[provider].make_slices([provider], ENDPOINTS)
        spec = MultiClusterServiceSpec((ClusterRef(provider),), (ClusterRef(consumer),))
        await world.hub.create(MULTI_CLUSTER_SERVICES, MultiClusterService(ObjectMeta(provider, NAMESPACE), spec))
    return made


def _sees(chase: Chase, service: str) -> Saw:
    def saw(slice_: EndpointSlice, when: float) -> None:
        if slice_.service == service:
            chase.saw(service, number_of(slice_), when)

    return saw


async def _change(chase: Chase, providers: dict[str, Namespace], seconds: float, every: float) -> None:
    """Changes by chance, ``every`` so many seconds on average: some connections carry nothing for long."""
    draw = random.Random(seconds)
    loop = asyncio.get_running_loop()
    at, end, number = loop.time(), loop.time() + seconds, 0
    while (at := at + draw.expovariate(1 / every)) < end:
        await asyncio.sleep(at - loop.time())
        number += 1
        service = draw.choice(CLUSTERS)
        chase.acked(service, number, await acknowledged(providers[service].change(service, number, ENDPOINTS)))
    await asyncio.sleep(end - loop.time())


async def _look(world: World, looks: Looks) -> None:
    while True:
        _, text = await world.controller.get("/metrics")
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        live = (s for s in samples if s.name == "landbridge_cluster_live" and s.value)
        looks.add(frozenset(sample.labels["cluster"] for sample in live))
        await asyncio.sleep(LOOK)


async def _unauthorized(world: World) -> float:
    """Answers with 401, as the API servers count them."""
    total = 0.0
    for api in world.admins.values():
        text = (await api.request("GET", "/metrics")).decode()
        for line in text.splitlines():
            if line.startswith("apiserver_request_total{") and 'code="401"' in line:
                total += float(line.rpartition(" ")[2])
    return total
