"""A checkout of Landbridge, whose commands are run: this one, or an earlier one to measure beside it."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.api.controller_process import ControllerProcess

SHORT_LIVED = Path(__file__).with_name("short_lived.py")


@dataclass(frozen=True)
class Checkout:
    """Its commands ask for tokens of the shortest life that API servers give."""

    root: Path

    async def run(self, *arguments: str | Path) -> None:
        """Run a command to its end.

        Raises:
            RuntimeError: It failed.
        """
        process = await asyncio.create_subprocess_exec(
            *self._command, *arguments, env=self._environment, stdout=DEVNULL, stderr=PIPE
        )
        _, said = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"landbridge {' '.join(map(str, arguments))} of {self.root}: {said.decode()}")

    def controller(self, folder: Path, port: int) -> ControllerProcess:
        """Its controller, with what is the default for everything; ``folder`` gets its kubeconfig and log."""
        return ControllerProcess(
            folder / "controller.kubeconfig",
            folder / "controller.log",
            options=(),
            port=port,
            command=self._command,
            environment=self._environment,
        )

    @property
    def _command(self) -> Sequence[str | Path]:
        return sys.executable, "-P", SHORT_LIVED

    @property
    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.root / "src")}
