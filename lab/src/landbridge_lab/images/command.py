"""Run one program to its end; what it said on standard error becomes the message when it fails."""

import asyncio
import shlex
from asyncio.subprocess import DEVNULL, PIPE


class CommandError(Exception):
    """A program ended with another exit code than 0."""


async def output(*argv: str) -> str:
    """Run a program and return its standard output."""
    process = await asyncio.create_subprocess_exec(*argv, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    if process.returncode != 0:
        raise CommandError(
            f"{shlex.join(argv)}: exit code {process.returncode}: {err.decode(errors='replace').strip()}"
        )
    return out.decode()
