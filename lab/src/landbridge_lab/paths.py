"""Where a lab keeps things: its state in one folder, removed by `down`; what takes long to make in a cache."""

import os
from dataclasses import dataclass
from pathlib import Path

from landbridge_lab.errors import RefusedError
from landbridge_lab.spec import LONGEST_NAME

_LONGEST_SOCKET = 107
_ROOM_FOR_SOCKETS = 1 + LONGEST_NAME + len("/etcd-client.sock")


def state_home() -> Path:
    """Folder that holds a folder for each lab: $LANDBRIDGE_LAB_STATE, or the user's state folder."""
    given = os.environ.get("LANDBRIDGE_LAB_STATE")
    return Path(given).resolve() if given else Path.home() / ".local/state/landbridge-lab"


def cache_home() -> Path:
    """Folder of binaries, images and the Go toolchain: $LANDBRIDGE_LAB_CACHE, or the user's cache folder."""
    given = os.environ.get("LANDBRIDGE_LAB_CACHE")
    return Path(given).resolve() if given else Path.home() / ".cache/landbridge-lab"


@dataclass(frozen=True)
class ClusterDir:
    """A cluster's part of the state folder."""

    root: Path

    @property
    def certificates(self) -> Path:
        return self.root / "pki"

    @property
    def etcd_data(self) -> Path:
        return self.root / "etcd"

    @property
    def snapshot(self) -> Path:
        """A copy of etcd's data, where one was made."""
        return self.root / "etcd-snapshot"

    @property
    def etcd_client(self) -> Path:
        """Socket of etcd: nobody but the folder's owner reaches it, and it takes no port."""
        return self.root / "etcd-client.sock"

    @property
    def etcd_peer(self) -> Path:
        return self.root / "etcd-peer.sock"

    @property
    def forwarder(self) -> Path:
        """Socket by which the forwarder is told to cut, freeze or delay."""
        return self.root / "forward.sock"

    @property
    def audit_policy(self) -> Path:
        return self.root / "audit-policy.json"

    @property
    def audit_log(self) -> Path:
        return self.root / "audit.log"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    def kubeconfig(self, user: str) -> Path:
        return self.root / "pki" / f"{user}.kubeconfig"

    def node(self, number: int) -> Path:
        return self.root / f"node-{number}"


@dataclass(frozen=True)
class LabDir:
    """The state folder of one lab."""

    root: Path

    @property
    def record(self) -> Path:
        return self.root / "lab.json"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def registry(self) -> Path:
        return self.root / "registry"

    @property
    def argocd(self) -> Path:
        """What Argo CD is installed from."""
        return self.root / "argocd"

    @property
    def repositories(self) -> Path:
        """What the Git server serves: a repository's path here is that of its URL."""
        return self.root / "repositories"

    @property
    def repository(self) -> Path:
        """The one that the tutorial's ApplicationSets name."""
        return self.repositories / "AliyunContainerService/gitops-demo.git"

    def cluster(self, name: str) -> ClusterDir:
        return ClusterDir(self.root / name)


def lab_dir(name: str) -> LabDir:
    """The folder of the lab of that name; refuses one where sockets could not work."""
    root = state_home() / name
    if len(str(root)) + _ROOM_FOR_SOCKETS > _LONGEST_SOCKET:
        raise RefusedError(
            f"state folder {root}",
            f"Unix sockets in it would have paths of more than {_LONGEST_SOCKET} characters",
            "set LANDBRIDGE_LAB_STATE to a shorter path",
        )
    return LabDir(root)
