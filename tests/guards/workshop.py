"""A copy of the source in which guards are taken out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.guards.guard import ROOT, Guard

GREEN, RED = 0, 1
"""pytest's exit codes; any other one means that the tests did not run."""


class Workshop:
    """A folder with copies of the source and its tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for part in ("src", "tests"):
            shutil.copytree(ROOT / part, folder / part)  # bytecode and times included, which saves half of the time
        shutil.copy(ROOT / "pyproject.toml", folder)

    def judge(self, guard: Guard) -> str:
        """What is wrong with a guard: nothing, if its test goes red without it."""
        if not self._apply(guard):
            return "the patch no longer applies"
        try:
            code, output = self.run([guard.test])
        finally:
            self._apply(guard, "--reverse")
        if code == RED:
            return ""
        return "the test stays green" if code == GREEN else f"the test does not run: {output[-300:]}"

    def run(self, tests: Iterable[str]) -> tuple[int, str]:
        """pytest's exit code and output."""
        source = str(self._folder / "src")
        without = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--timeout=60", *without, *tests]
        environment = os.environ | {"PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=self._folder, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def _apply(self, guard: Guard, *options: str) -> bool:
        command = ["git", "apply", *options, str(guard.path)]
        return subprocess.run(command, cwd=self._folder, capture_output=True, check=False).returncode == 0
