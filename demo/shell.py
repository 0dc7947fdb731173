"""A shell that shows what it runs: a command line is printed, run as printed, and its real output shown."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo.screen import Screen

# `pipefail`, so that a failure at the head of a pipe is one.
BASH = ("bash", "-o", "pipefail", "-c")


class CommandFailedError(Exception):
    """A command line ended with another exit code than 0."""


@dataclass(frozen=True)
class Shell:
    """Runs command lines in a folder, with the lab's programs first on PATH and its clusters as kubectl's contexts."""

    screen: Screen
    folder: Path
    programs: Sequence[Path]
    kubeconfig: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Give the variables that a person would export to type the same.

        Without the caller's for git: run from a hook, they would turn a commit to the caller's own repository.
        """
        path = os.pathsep.join([*map(str, self.programs), os.environ.get("PATH", "")])
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return {**inherited, "PATH": path, "KUBECONFIG": str(self.kubeconfig), **self.variables}

    async def run(self, line: str) -> str:
        """Show a command line, run it, show and return what it said."""
        self.screen.command(line)
        said, code = await self._said(line)
        self.screen.output(said)
        if code:
            raise CommandFailedError(f"`{line}` ended with {code}: {said.strip()}")
        return said

    async def quiet(self, line: str) -> str:
        """Run a command line that looks, and show nothing."""
        said, code = await self._said(line)
        if code:
            raise CommandFailedError(f"`{line}` ended with {code}: {said.strip()}")
        return said

    async def _said(self, line: str) -> tuple[str, int]:
        process = await asyncio.create_subprocess_exec(
            *BASH, line, cwd=self.folder, env=self.environment, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
        )
        out = await _finished(process)
        return out.decode(errors="replace"), process.returncode or 0


async def _finished(process: Process) -> bytes:
    """Wait for the end; whoever is cancelled meanwhile leaves no process behind."""
    try:
        return (await process.communicate())[0]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
