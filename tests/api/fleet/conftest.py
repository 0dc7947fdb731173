"""Clusters of their own, since these tests make and unmake a fleet; they end when the last of these tests has run."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from landbridge_lab import ClusterSpec, Lab

from landbridge.enroll.manifests import apply
from landbridge.fleet import rbac
from landbridge.kube.api import Api
from landbridge.kube.config import load
from tests.api.command import Command
from tests.api.fleet.hub import forget_account, forget_lease, forget_members, forget_namespace

CLUSTERS = ("fleet", "oldcluster", "newcluster")


@pytest.fixture(scope="package")
async def own_lab() -> AsyncGenerator[Lab]:
    """API servers of fleet, oldcluster and newcluster on loopback ports; no nodes. Contexts have the same names."""
    name = f"f{os.getpid()}"  # test runs side by side do not meet
    async with Lab(name, [ClusterSpec(cluster) for cluster in CLUSTERS], control_plane_only=True) as lab:
        yield lab


@pytest.fixture(scope="package")
def landbridge(own_lab: Lab) -> Command:
    """The command line, as a person runs it who is admin everywhere."""
    return Command(own_lab.kubeconfig)


@pytest.fixture(scope="package")
async def controller_kubeconfig(landbridge: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file for the controller; with it, ``fleet`` is a hub."""
    path = tmp_path_factory.mktemp("controller") / "kubeconfig"
    await landbridge.done("fleet", "init", "--context", "fleet", "--controller-kubeconfig", str(path))
    return path


@pytest.fixture(scope="package")
async def admin_of_fleet(own_lab: Lab) -> AsyncGenerator[Api]:
    """The cluster ``fleet``, as its admin."""
    async with Api(load("fleet", own_lab.kubeconfig)) as api:
        yield api


@pytest.fixture(scope="package")
async def oldcluster(own_lab: Lab) -> AsyncGenerator[Api]:
    """The cluster ``oldcluster``, as its admin."""
    async with Api(load("oldcluster", own_lab.kubeconfig)) as api:
        yield api


@pytest.fixture(scope="package")
async def newcluster(own_lab: Lab) -> AsyncGenerator[Api]:
    """The cluster ``newcluster``, as its admin."""
    async with Api(load("newcluster", own_lab.kubeconfig)) as api:
        yield api


@pytest.fixture
async def hub(admin_of_fleet: Api, controller_kubeconfig: Path) -> AsyncGenerator[Api]:
    """The hub of a fleet without members, before and after the test."""
    assert controller_kubeconfig.exists()
    yield admin_of_fleet
    await forget_members(admin_of_fleet)
    await forget_lease(admin_of_fleet)
    await forget_account(admin_of_fleet)


@pytest.fixture
async def stranger(oldcluster: Api) -> AsyncGenerator[Api]:
    """A cluster that never heard of Landbridge, before and after the test."""
    await forget_namespace(oldcluster)
    yield oldcluster
    await forget_account(oldcluster)
    await forget_namespace(oldcluster)


@pytest.fixture
async def member(oldcluster: Api) -> AsyncGenerator[Api]:
    """A cluster that is in no fleet, before and after the test; its namespace for us stays, which saves seconds."""
    await apply(oldcluster, rbac.namespace())
    yield oldcluster
    await forget_account(oldcluster)
