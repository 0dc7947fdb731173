"""A lab with Argo CD, brought up once for all tests on this level, and the tutorial's Option B walked on it."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest
from landbridge_lab import Lab

from demo.chain import NEW
from demo.gitops import STEPS
from demo.screen import Screen
from demo.shell import Shell
from demo.stage import Stage
from demo.walk import Result, walk
from landbridge.kube.api import Api
from landbridge.kube.config import load
from tests.api.snapshot import Body, snapshot


@pytest.fixture(scope="package")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    """Three real clusters, Argo CD in the hub; nothing is joined, no controller runs."""
    stage = Stage(Lab(f"gitops{os.getpid()}", argocd=True), tmp_path_factory.mktemp("stage"), Screen())
    try:
        await stage.lab.up()
        yield stage
    finally:
        await stage.end()


@dataclass(frozen=True)
class Before:
    """What was there before anything of Landbridge: in a member, and in namespace argocd on the hub."""

    member: dict[str, Body]
    argocd: set[str]


@pytest.fixture(scope="package")
async def bare_shell(stage: Stage) -> Shell:
    """A person's shell, with the lab's kubectl and argocd, and contexts fleet, oldcluster and newcluster."""
    return await stage.shell()


@pytest.fixture(scope="package")
async def before(bare_shell: Shell) -> Before:
    """What newcluster and namespace argocd hold before the fleet is made."""
    return Before(await everything(bare_shell, NEW), await argocd_holds(bare_shell))


@pytest.fixture(scope="package")
async def shell(bare_shell: Shell, before: Before, stage: Stage) -> Shell:
    """The same when the fleet is made, both members have joined it and Argo CD, and the controller runs."""
    assert before.argocd
    await stage.join(bare_shell)
    return bare_shell


@pytest.fixture(scope="package")
async def steps(shell: Shell) -> list[Result]:
    """What came of each step of Option B, as far as it came."""
    return [result async for result in walk(shell, STEPS)]


@pytest.fixture(scope="package")
def walked(steps: list[Result]) -> list[Result]:
    """The same of all steps. A walk that failed is the failure of one step's test: on its ruins nothing is tried."""
    if len(steps) < len(STEPS) or not all(step.right for step in steps):
        pytest.skip("the walk went wrong")
    return steps


async def everything(shell: Shell, cluster: str) -> dict[str, Body]:
    """All that a cluster holds."""
    async with Api(load(cluster, shell.kubeconfig)) as api:
        return await snapshot(api)


async def argocd_holds(shell: Shell) -> set[str]:
    """The paths of all that namespace argocd on the hub holds."""
    return {path for path in await everything(shell, "fleet") if path.split("/")[1:2] == ["argocd"]}
