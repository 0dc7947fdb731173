"""The controller's whole life, and that it needs every rule of ours and no other."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from landbridge_lab import Lab

from landbridge.api.core import SECRETS
from landbridge.fleet import rbac, record
from landbridge.fleet.cluster import encode
from landbridge.fleet.members import find
from landbridge.fleet.settings import render_settings
from landbridge.fleet.stores import kubeconfig_store
from landbridge.kube.api import Api
from landbridge.kube.config import load
from tests.api.audit import Request
from tests.api.controller_process import ControllerProcess
from tests.api.fleet.aging import aged
from tests.api.fleet.hub import forget_account
from tests.api.grants import Comparison, compare
from tests.api.scene import Scene
from tests.api.waiting import eventually
from tests.api.world import CLUSTERS, HUB, NEW, OLD, World

PAST_HALF = 13 * 3600.0
"""A token of a day that is so old is due."""


@pytest.fixture
async def world(own_lab: Lab, hub: Api, tmp_path: Path) -> AsyncGenerator[World]:
    """Two members joined, all tokens past half of their lives; the controller has not started yet."""
    controller = ControllerProcess(tmp_path / "controller.kubeconfig", tmp_path / "controller.log")
    async with AsyncExitStack() as stack:
        admins = {name: await stack.enter_async_context(_admin(own_lab, name)) for name in CLUSTERS}
        world = World(own_lab, admins, controller, by_forwarder=True)
        await world.init()
        await _age_own_token(world)
        for name in (OLD, NEW):
            await world.join(name)
            await _age_token(world, name)
            stack.push_async_callback(forget_account, admins[name])
        stack.push_async_callback(controller.end)
        yield world


async def test_the_controller_needs_every_rule_and_no_other(world: World) -> None:
    marks = {name: world.audit(name).mark() for name in CLUSTERS}
    await _live(world)
    seen: dict[str, list[Request]] = {name: await world.audit(name).all_since(marks[name]) for name in CLUSTERS}
    assert compare(rbac.HUB, seen[HUB]) == Comparison(set(), set())
    assert compare(rbac.MEMBER, seen[OLD] + seen[NEW]) == Comparison(set(), set())


async def _live(world: World) -> None:
    """Engage, renew, sync, report, owe and pay, let clusters go, stop."""
    await world.controller.start()
    scene = Scene(world, "whole-life")
    await scene.make_namespace(*CLUSTERS)
    await scene.make_service(OLD, NEW)
    await scene.make_mcs([OLD], [NEW])
    await scene.told("NoEndpoints")
    one, two = scene.pods(OLD, 2)
    await scene.put_slice(OLD, one)
    await scene.arrives(NEW, one)
    await scene.put_slice(OLD, one, two)
    await scene.arrives(NEW, one, two)
    await scene.shows(NEW, "Synced", importedReady=2)
    await scene.delete_slice(OLD)
    await scene.arrives(NEW)
    await eventually(lambda: scene.told("NoEndpoints"), lambda events: events[0].get("series", {}).get("count") == 2)
    await _owe_and_pay(world, scene)
    for name in (OLD, NEW):
        await world.leave(name)
    assert await world.controller.end() == 0


async def _owe_and_pay(world: World, scene: Scene) -> None:
    """A MultiClusterService ends while a cluster is away (rule S11)."""
    await world.cluster(NEW).cut(api=True)
    try:
        await scene.shows(NEW, "Stale")
        await scene.delete_mcs()
        await scene.mcs_gone()
        assert (await record.load(world.hub)).debts == {NEW: {scene.key}}
    finally:
        await world.cluster(NEW).heal()
    await eventually(lambda: record.load(world.hub), lambda found: not found.debts)


def _admin(lab: Lab, name: str) -> Api:
    return Api(replace(load(name, lab.kubeconfig), server=lab.clusters[name].direct_server))


async def _age_token(world: World, name: str) -> None:
    member = await find(world.hub, name)
    assert member
    assert member.cluster
    token = aged(member.cluster.token, _signing_key(world, name), PAST_HALF)
    config = render_settings(member.cluster.config, token)
    await world.hub.merge_patch(SECRETS, member.meta, {"data": {"config": encode(config)}})


async def _age_own_token(world: World) -> None:
    path = world.controller.kubeconfig
    token = load(None, path).token
    assert token
    await kubeconfig_store(path)(aged(token, _signing_key(world, HUB), PAST_HALF))


def _signing_key(world: World, name: str) -> Path:
    return world.cluster(name).control_plane.files.certificates / "accounts.key"
