"""What a person declares of a member holds at once, and for what is there already (rule S9)."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from landbridge.api.core import SECRETS
from landbridge.fleet.cluster import Cluster, cluster_secret
from tests.unit.clusters.engaged import engaging, path
from tests.unit.controller.rig import World
from tests.unit.fakes import settle
from tests.unit.objects import cluster

pytestmark = pytest.mark.looptime

OLD = cluster("old")


def declare(world: World, found: Cluster) -> None:
    """As `fleet join` does."""
    world.hub.put(path("old"), msgspec.json.decode(SECRETS.encode(cluster_secret(found))))


async def test_a_narrower_declaration_takes_away_and_a_wider_one_brings_back_s9(world: World) -> None:
    async with engaging(world):
        assert len(world.imports("new")) == 1
        declare(world, replace(OLD, pod_cidrs=("10.1.128.0/17",)))
        await settle(3)
        assert world.imports("new") == []
        declare(world, OLD)
        await settle(3)
        assert len(world.imports("new")) == 1


async def test_a_declaration_that_vanished_takes_nothing_away_s9(world: World) -> None:
    async with engaging(world):
        before = world.imports("new")
        declare(world, replace(OLD, pod_cidrs=()))
        await settle(60)
        assert world.imports("new") == before


async def test_a_narrower_declaration_takes_nothing_away_while_the_provider_is_out_of_view_s9(world: World) -> None:
    async with engaging(world):
        before = world.imports("new")
        world.clusters["old"].cut()
        await settle(3)
        declare(world, replace(OLD, pod_cidrs=("10.1.128.0/17",)))
        await settle(60)
        assert world.imports("new") == before
