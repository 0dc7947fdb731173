"""What a failed run is told by: one failure once, however many tests wanted what failed.

A lab that does not come up, or a walk through the tutorial that breaks off, fails every test that shares it, each with
the same traceback. Here the first is told in full; the others name it in a line. All of them count as errors.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest


class FirstInFull:
    """A plugin. A fixture that failed raises the same exception for each test that wants it: by that it is known."""

    def __init__(self) -> None:
        self._fixtures: dict[BaseException, str] = {}
        self._first: dict[BaseException, str] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """Remember which fixture failed; those that want it fail after it, with its exception."""
        try:
            return (yield)
        except Exception as error:
            self._fixtures.setdefault(error, fixturedef.argname)
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Shorten the report of a test whose fixture has failed before."""
        report = yield
        error = call.excinfo.value if call.excinfo else None
        if report.when == "setup" and report.failed and error in self._fixtures:
            first = self._first.setdefault(error, item.nodeid)
            if first != item.nodeid:
                report.longrepr = f"not run: fixture {self._fixtures[error]} failed, see ERROR at setup of {first}"
                report.sections.clear()
        return report
