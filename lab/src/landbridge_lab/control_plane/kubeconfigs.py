"""Kubeconfig files with everything inline, so that they work wherever they are copied."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from landbridge_lab.files import put


@dataclass(frozen=True)
class Access:
    """How one user reaches one cluster. `certificates` is the folder with ca.crt, USER.crt and USER.key."""

    cluster: str
    server: str
    user: str
    certificates: Path


def render(accesses: Iterable[Access]) -> dict[str, Any]:
    """One kubeconfig: a context for each cluster, named like it; the first is the current one."""
    accesses = list(accesses)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": a.cluster, "cluster": _cluster(a)} for a in accesses],
        "users": [{"name": f"{a.cluster}-{a.user}", "user": _user(a)} for a in accesses],
        "contexts": [
            {"name": a.cluster, "context": {"cluster": a.cluster, "user": f"{a.cluster}-{a.user}"}} for a in accesses
        ],
        "current-context": accesses[0].cluster,
    }


def write(path: Path, accesses: Iterable[Access]) -> None:
    """Write a kubeconfig that only its owner can read."""
    put(path, yaml.safe_dump(render(accesses), sort_keys=False))


def _cluster(access: Access) -> dict[str, str]:
    return {"server": access.server, "certificate-authority-data": _inline(access.certificates / "ca.crt")}


def _user(access: Access) -> dict[str, str]:
    certificates = access.certificates
    return {
        "client-certificate-data": _inline(certificates / f"{access.user}.crt"),
        "client-key-data": _inline(certificates / f"{access.user}.key"),
    }


def _inline(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
