"""Where a renewed token is kept: a member's in its Secret on the hub, the hub's own in the controller's kubeconfig."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import yaml

from landbridge.api.core import SECRETS
from landbridge.fleet.cluster import Cluster, encode
from landbridge.fleet.settings import render_settings
from landbridge.kube.api import Api
from landbridge.kube.config import ConfigError

Keep = Callable[[str], Awaitable[None]]
"""Puts a token where it outlives the process."""


def secret_store(hub: Api, current: Callable[[], Cluster]) -> Keep:
    """Keeps a member's token in its Secret.

    ``current`` gives the cluster as last seen: address, CA and token are one value of the Secret, so a write on top of
    a version not yet seen would undo a join that just changed them. The server then answers with a conflict.
    """

    async def store(token: str) -> None:
        cluster = current()
        config = encode(render_settings(cluster.config, token))
        await hub.merge_patch(SECRETS, cluster.meta, {"data": {"config": config}})

    return store


def kubeconfig_store(path: Path) -> Keep:
    """Keeps the hub's token in the controller's own kubeconfig."""

    async def store(token: str) -> None:
        await asyncio.to_thread(_replace_token, path, token)

    return store


def _replace_token(path: Path, token: str) -> None:
    try:
        document: dict[str, Any] = yaml.safe_load(path.read_text())
        (context,) = (item for item in document["contexts"] if item["name"] == document["current-context"])
        (user,) = (item for item in document["users"] if item["name"] == context["context"]["user"])
        user["user"]["token"] = token
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"kubeconfig {path} is not the one that `landbridge fleet init` wrote") from error
    write_private(path, yaml.safe_dump(document, sort_keys=False))


def write_private(path: Path, text: str) -> None:
    """Put a file in place, whole or not at all, for its owner alone (mode 0600)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
