"""What a person's commands are tried on."""

from __future__ import annotations

import pytest

from tests.unit.fleet.stage import fleet_hub
from tests.unit.memory_api import MemoryApi


@pytest.fixture
async def hub() -> MemoryApi:
    """A hub with a fleet that nobody has joined yet."""
    return await fleet_hub()
