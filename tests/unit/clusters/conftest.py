"""The stage of tests of engagements."""

from __future__ import annotations

import asyncio

import pytest

from landbridge.api.core import SECRETS, SERVICES
from landbridge.api.discovery import SLICES
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.clusters import engagement as engage
from landbridge.fleet.cluster import cluster_secret
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.patience import Patience
from tests.unit.controller.rig import World
from tests.unit.fakes import WatchedApi
from tests.unit.objects import cluster, mcs, service, slice_


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """`service2` moves from old to new; the Secrets of both are there. No token is ever due."""
    world = World()
    apis = {api.server: api for api in world.clusters.values()}

    def connect(config: ServerConfig, token: StaticToken, _: Patience) -> WatchedApi:
        apis[config.server].tokens = token
        return apis[config.server]

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(engage, "Api", connect)
    monkeypatch.setattr(engage, "keep_renewed", never)
    world.hub.add(MULTI_CLUSTER_SERVICES, mcs("old", "old new"))
    for name in ("old", "new"):
        world.hub.add(SECRETS, cluster_secret(cluster(name)))
        world.clusters[name].add(SERVICES, service())
    world.clusters["old"].add(SLICES, slice_("a", "10.1.0.1"))
    return world
