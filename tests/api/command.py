"""The command line, run as a person does."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

PROGRAM = Path(sys.executable).parent / "landbridge"


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its result, where that is JSON."""
        return msgspec.json.decode(self.out)


@dataclass(frozen=True)
class Command:
    """The program with a person's kubeconfig."""

    kubeconfig: Path

    async def __call__(self, *arguments: str) -> Outcome:
        """Run it to its end."""
        process = await asyncio.create_subprocess_exec(
            str(PROGRAM),
            *arguments,
            env=os.environ | {"KUBECONFIG": str(self.kubeconfig), "COLUMNS": "200"},
            stdin=asyncio.subprocess.DEVNULL,  # nobody is there who could be asked
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Outcome(process.returncode or 0, out.decode(), err.decode())

    async def done(self, *arguments: str) -> Outcome:
        """Run it to an end that must be good."""
        outcome = await self(*arguments)
        assert outcome.code == 0, f"{arguments} ended with {outcome.code}: {outcome.err}"
        return outcome
