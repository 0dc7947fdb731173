"""For all tests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator

import pytest

from tests.reports import FirstInFull


def pytest_configure(config: pytest.Config) -> None:
    """Have no loop until a test asks for one: looptime would make one for each that has none, and not close it."""
    asyncio.set_event_loop(None)
    config.pluginmanager.register(FirstInFull())


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """Put the session's loop back: ``asyncio.run`` takes it away, and without it looptime would let time run slowly."""
    before = _current_loop()
    try:
        return (yield)
    finally:
        if before and _current_loop() is not before:
            asyncio.set_event_loop(before)


def _current_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        return None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: what did not run proved nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
