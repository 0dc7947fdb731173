"""The lab with its nodes, brought up once for all tests on this level."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator

import pytest
from landbridge_lab import Lab

from demo.screen import Screen
from demo.shell import Shell
from demo.stage import Stage


@pytest.fixture(scope="package")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    """Three real clusters; nothing is joined, no controller runs."""
    stage = Stage(Lab(f"e2e{os.getpid()}"), tmp_path_factory.mktemp("stage"), Screen())
    try:
        await stage.lab.up()
        yield stage
    finally:
        await stage.end()


@pytest.fixture(scope="package")
async def shell(stage: Stage) -> Shell:
    """A person's shell, with the lab's kubectl and contexts fleet, oldcluster and newcluster."""
    return await stage.shell()
