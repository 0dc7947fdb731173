"""A copy of the source in which guards are taken out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.guards import forked
from tests.guards.guard import Guard

GREEN, RED = 0, 1
"""pytest's exit codes; any other one means that the tests did not run."""

PARTS = ("src", "tests")

SOON = 8
"""Seconds within which a test of a guard ends; some that miss their guard wait for what does not come."""


class Workshop:
    """A folder with copies of the source and its tests."""

    def __init__(self, folder: Path, original: Path) -> None:
        self.folder = folder
        for part in PARTS:
            shutil.copytree(original / part, folder / part, copy_function=_copy_as_old)
        shutil.copy(original / "pyproject.toml", folder)

    def judge(self, guard: Guard) -> str:
        """What is wrong with a guard: nothing, if its test goes red without it."""
        if not self._apply(guard):
            return "the patch no longer applies"
        try:
            code, output = forked.run([guard.test], self.folder, write_bytecode=False, seconds=SOON)
        finally:
            self._apply(guard, "--reverse")
        if code == RED:
            return ""
        return "the test stays green" if code == GREEN else f"the test does not run: {output[-300:]}"

    def run(self, tests: Iterable[str]) -> tuple[int, str]:
        """pytest's exit code and output while all guards are in place."""
        return forked.run(list(tests), self.folder, write_bytecode=True, seconds=60)

    def _apply(self, guard: Guard, *options: str) -> bool:
        command = ["git", "apply", *options, str(guard.path)]
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=False).returncode == 0


def _copy_as_old(source: str, target: str) -> None:
    """Copy a file with a time that no patched file has: Python tells by it whether bytecode is that of a source."""
    shutil.copy(source, target)
    os.utime(target, (0, 0))
