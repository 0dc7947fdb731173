"""For tests of the lab itself."""

import pytest
from landbridge_lab import Lab

from tests.lab.tools import Kubectl


@pytest.fixture(scope="session")
async def kubectl() -> Kubectl:
    """The lab's own kubectl."""
    supplies = await Lab(control_plane_only=True).prepare()
    return Kubectl(supplies.binaries / "kubectl")
