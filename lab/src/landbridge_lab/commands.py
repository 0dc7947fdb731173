"""Short-lived commands: run one, and say clearly what it was and what it said when it fails."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from landbridge_lab.errors import LabError, MachineLacksError


async def run(
    command: Sequence[str | Path], *, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> str:
    """Run a command to its end and return what it printed; raises LabError with its last words when it fails."""
    words = [str(word) for word in command]
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            env=env,
            cwd=cwd,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise MachineLacksError(f"cannot run {words[0]}", "it is not installed", "install it and try again") from error
    try:
        out, err = await process.communicate(stdin.encode())
    except asyncio.CancelledError:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode:
        said = "\n".join((err or out).decode(errors="replace").strip().splitlines()[-12:])
        raise LabError(f"`{shlex.join(words)[:200]}` ended with {process.returncode}", said)
    return out.decode(errors="replace")
