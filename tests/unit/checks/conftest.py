from __future__ import annotations

import pytest

from tests.unit.checks.stage import Stage, well


@pytest.fixture
async def stage() -> Stage:
    """All is well."""
    return await well()
