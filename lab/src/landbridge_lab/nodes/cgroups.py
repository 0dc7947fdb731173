"""The cgroups of nodes: one folder for the lab, one in it for each node, in every hierarchy that there is.

Version 1: a hierarchy for each controller (cpu, memory, ...), in folders of /sys/fs/cgroup. A new folder in `cpuset`
has no processors and no memory until it is told.
Version 2: one hierarchy, /sys/fs/cgroup itself. A folder's children have the controllers that it passes on.
"""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from landbridge_lab.errors import LabError, MachineLacksError

_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Cgroups:
    """The cgroups of the lab whose state folder is `lab`. `root` is another one in tests."""

    lab: Path
    root: Path = _ROOT

    @property
    def name(self) -> str:
        """The lab's folder: unlike any other's, also where two users have a lab of the same name."""
        return f"landbridge-lab-{self.lab.name}-{hashlib.sha256(str(self.lab).encode()).hexdigest()[:6]}"

    @property
    def version(self) -> int:
        return 2 if (self.root / "cgroup.controllers").exists() else 1

    def node(self, name: str) -> str:
        """A node's folder, from the root of every hierarchy: what kubelet calls cgroupRoot."""
        return f"/{self.name}/{name}"

    def make(self, name: str) -> None:
        """Make a node's folder in every hierarchy where kubelet looks for it."""
        try:
            self._make_v2(name) if self.version == 2 else self._make_v1(name)
        except OSError as error:
            remedy = "is this a container whose /sys/fs/cgroup cannot be written? Then use --control-plane-only"
            raise MachineLacksError("cgroups for a node cannot be made", str(error), remedy) from error

    def _make_v1(self, name: str) -> None:
        for hierarchy in self._hierarchies():
            if (hierarchy / "cgroup.controllers").exists():
                continue  # version 2 beside version 1: nobody's controllers are there
            folder = hierarchy / self.name / name
            folder.mkdir(parents=True, exist_ok=True)
            if (hierarchy / "cpuset.cpus").exists():
                _inherit_cpuset(hierarchy, folder.parent)
                _inherit_cpuset(hierarchy, folder)

    def remove(self, deadline: float = 5.0) -> None:
        """Remove the lab's folders; waits for the kernel to let go of ended processes, at most `deadline` seconds."""
        give_up = monotonic() + deadline
        while left := [folder for hierarchy in self._hierarchies() if (folder := hierarchy / self.name).exists()]:
            if monotonic() > give_up:
                names = ", ".join(map(str, left))
                raise LabError("cgroups of the lab cannot be removed", names, "see their cgroup.procs")
            for folder in left:
                _try_to_remove(folder)
            sleep(0.01)

    def _make_v2(self, name: str) -> None:
        folder = self.root / self.name / name
        folder.mkdir(parents=True, exist_ok=True)
        for parent in (self.root, self.root / self.name, folder):
            controllers = (parent / "cgroup.controllers").read_text().split()
            (parent / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in controllers))

    def _hierarchies(self) -> list[Path]:
        if self.version == 2:
            return [self.root]
        return [folder for folder in self.root.iterdir() if folder.is_dir() and not folder.is_symlink()]


def _inherit_cpuset(hierarchy: Path, folder: Path) -> None:
    for name in ("cpuset.cpus", "cpuset.mems"):
        (folder / name).write_text((hierarchy / name).read_text())


def _try_to_remove(folder: Path) -> None:
    """Remove a folder and those in it, the innermost first; gives up where the kernel still holds one."""
    with suppress(OSError):
        for path, _, _ in os.walk(folder, topdown=False):
            Path(path).rmdir()
