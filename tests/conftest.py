"""For all tests."""

from __future__ import annotations

import asyncio
import os

import pytest


def pytest_configure() -> None:
    """Have no loop until a test asks for one: looptime would make one for each that has none, and not close it."""
    asyncio.set_event_loop(None)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: what did not run proved nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
