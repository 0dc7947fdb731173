"""The registry inside the lab: its configuration, the command that serves it, and the push of the images.

It runs in a network namespace of the lab: commands take a prefix (`nsenter ...`) that brings them there.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

from landbridge_lab.commands import run
from landbridge_lab.errors import LabError, MachineLacksError
from landbridge_lab.images.build import Images
from landbridge_lab.waiting import until


def write_config(path: Path, address: str, storage: Path) -> None:
    """Write the registry's configuration: it listens on ADDRESS (host:port) and keeps what it has in STORAGE.

    JSON is YAML too, and needs no care for what a folder's name may hold.
    """
    config = {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(storage)},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {"addr": address},
    }
    path.write_text(json.dumps(config, indent=2))


def serve_command(config: Path) -> list[str]:
    """Give the command that serves the registry in the foreground."""
    return ["docker-registry", "serve", str(config)]


async def push(images: Images, address: str, prefix: Sequence[str] = ()) -> None:
    """Push the images that pods pull, as soon as the registry answers."""
    await until(f"answer of the registry at {address}", lambda: _answers(address, prefix), deadline=20)
    async with asyncio.TaskGroup() as group:
        for name, archive in images.pulled.items():
            group.create_task(_copy(archive, f"{address}/{name.partition('/')[2]}", prefix))


async def _copy(archive: Path, target: str, prefix: Sequence[str]) -> None:
    options = ("--insecure-policy", "--quiet", "--dest-tls-verify=false")
    await run([*prefix, "skopeo", "copy", *options, f"docker-archive:{archive}", f"docker://{target}"], env=_direct())


async def _answers(address: str, prefix: Sequence[str]) -> bool:
    try:
        await run([*prefix, "curl", "--silent", "--fail", "--max-time", "2", f"http://{address}/v2/"], env=_direct())
    except MachineLacksError:
        raise
    except LabError:
        return False
    return True


def _direct() -> dict[str, str]:
    """The environment without the caller's proxies: none of them reaches the lab."""
    return os.environ | {"no_proxy": "*", "NO_PROXY": "*"}
