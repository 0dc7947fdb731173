"""What can be done to a cluster's etcd while it runs, or while it does not: snapshot, restore, compaction."""

import json
import shutil
import socket
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from landbridge_lab.control_plane.components import ControlPlane
from landbridge_lab.errors import LabError, RefusedError
from landbridge_lab.paths import ClusterDir
from landbridge_lab.processes import Processes

TIMEOUT = 10.0
"""Seconds for etcd to answer."""


def take_snapshot(processes: Processes, plane: ControlPlane) -> None:
    """Copy etcd's data, in place of an earlier copy. It stands still meanwhile, so the copy is as after a crash.

    Raises:
        LabError: etcd does not run.
    """
    files = plane.files
    beside = files.snapshot.with_suffix(".new")
    shutil.rmtree(beside, ignore_errors=True)
    with processes.stopped(f"{plane.name}/etcd"):
        shutil.copytree(files.etcd_data, beside)
    shutil.rmtree(files.snapshot, ignore_errors=True)
    beside.rename(files.snapshot)


def put_back(files: ClusterDir, name: str) -> None:
    """Replace the data of an etcd that does not run by the snapshot's, which stays; revisions go back.

    Raises:
        RefusedError: There is no snapshot.
    """
    require_snapshot(files, name)
    shutil.rmtree(files.etcd_data)
    shutil.copytree(files.snapshot, files.etcd_data)


def require_snapshot(files: ClusterDir, name: str) -> None:
    """Raise a RefusedError where there is no snapshot."""
    if not files.snapshot.exists():
        raise RefusedError(f"restore {name}", "there is no snapshot of it", f"run `landbridge-lab snapshot {name}`")


def compact(files: ClusterDir) -> int:
    """Forget all history up to now; gives the revision.

    Raises:
        LabError: etcd does not answer.
    """
    revision = int(_ask(files.etcd_client, "/v3/maintenance/status", {})["header"]["revision"])
    _ask(files.etcd_client, "/v3/kv/compaction", {"revision": revision, "physical": True})
    return revision


def _ask(path: Path, method: str, body: dict[str, Any]) -> dict[str, Any]:
    """One call of etcd's JSON gateway (etcd documentation, "Why gRPC gateway")."""
    connection = _UnixConnection(path)
    try:
        connection.request("POST", method, json.dumps(body))
        answer = connection.getresponse()
        said = json.loads(answer.read())
    except (OSError, HTTPException, ValueError) as error:
        raise LabError("etcd does not answer", str(error), "run `landbridge-lab up` again") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise LabError("etcd refused", str(said))
    found: dict[str, Any] = said
    return found


class _UnixConnection(HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
