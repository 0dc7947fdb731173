"""For tests of the fleet beside Argo CD."""

from __future__ import annotations

import pytest

from tests.unit.fleet.stage import fleet_hub, install_argocd
from tests.unit.memory_api import MemoryApi


@pytest.fixture
async def hub() -> MemoryApi:
    """A hub of a fleet without members, with an Argo CD."""
    hub = await fleet_hub()
    install_argocd(hub)
    return hub
