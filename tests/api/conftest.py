"""Three real control planes, brought up once for all tests on this level."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from landbridge_lab import ClusterSpec, Lab

from landbridge.kube.api import Api
from landbridge.kube.config import load

CLUSTERS = ("fleet", "oldcluster", "newcluster")


@pytest.fixture(scope="session")
async def lab() -> AsyncGenerator[Lab]:
    """API servers of fleet, oldcluster and newcluster on loopback ports; no nodes. Contexts have the same names."""
    name = f"t{os.getpid()}"  # test runs side by side do not meet
    async with Lab(name, [ClusterSpec(cluster) for cluster in CLUSTERS], control_plane_only=True) as lab:
        yield lab


@pytest.fixture(scope="session")
def kubeconfig(lab: Lab) -> Path:
    """A person's kubeconfig: admin everywhere."""
    return lab.kubeconfig


@pytest.fixture(scope="session")
async def fleet(kubeconfig: Path) -> AsyncGenerator[Api]:
    """The hub, as its admin."""
    async with Api(load("fleet", kubeconfig)) as api:
        yield api


@pytest.fixture(scope="session")
async def oldcluster(kubeconfig: Path) -> AsyncGenerator[Api]:
    """A member, as its admin."""
    async with Api(load("oldcluster", kubeconfig)) as api:
        yield api


@pytest.fixture(scope="session")
async def newcluster(kubeconfig: Path) -> AsyncGenerator[Api]:
    """Another member, as its admin."""
    async with Api(load("newcluster", kubeconfig)) as api:
        yield api
