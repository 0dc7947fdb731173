"""A lab laid out: its folder, processes and control planes, with every port, network and path decided."""

from dataclasses import dataclass
from pathlib import Path

from landbridge_lab.control_plane.components import ControlPlane
from landbridge_lab.errors import LabError
from landbridge_lab.network.addresses import Addresses
from landbridge_lab.network.machines import Machine, found
from landbridge_lab.paths import LabDir
from landbridge_lab.processes import Processes
from landbridge_lab.record import Record


@dataclass(frozen=True)
class Site:
    """One lab on this machine. `binaries` is needed to start things, not to look at them or end them."""

    folder: LabDir
    record: Record
    binaries: Path

    @property
    def processes(self) -> Processes:
        return Processes(self.folder.root)

    @property
    def inside(self) -> bool:
        """Whether the clusters live in namespaces."""
        return not self.record.spec.control_plane_only

    @property
    def control_planes(self) -> list[ControlPlane]:
        return [
            ControlPlane(
                cluster.name,
                Addresses(self.record.index, position),
                self.folder.cluster(cluster.name),
                self.binaries,
                self.inside,
            )
            for position, cluster in enumerate(self.record.spec.clusters)
        ]

    def nodes(self, cluster: str) -> int:
        """How many nodes the cluster of that name has."""
        for spec in self.record.spec.clusters:
            if spec.name == cluster:
                return spec.nodes
        raise LabError(f"no cluster {cluster} in lab {self.record.spec.name}")

    def parts(self) -> set[str]:
        """The parts that run when the lab is up."""
        control_plane = ["etcd", "kube-apiserver", "kube-controller-manager", "forwarder"]
        if not self.inside:
            return {f"{spec.name}/{part}" for spec in self.record.spec.clusters for part in control_plane}
        control_plane.append("kube-scheduler")
        agents = ("containerd", "kubelet", "kube-proxy")
        parts = self.machine_parts() | {"fabric/registry"}
        for spec in self.record.spec.clusters:
            parts |= {f"{spec.name}/{part}" for part in control_plane}
            parts |= {f"{spec.name}/node-{number + 1}/{part}" for number in range(spec.nodes) for part in agents}
        return parts

    def missing_parts(self) -> list[str]:
        """The parts that should run and do not."""
        return sorted(self.parts() - self.processes.running().keys())

    def machine_parts(self) -> set[str]:
        """The inits of the lab's namespaces."""
        if not self.inside:
            return set()
        clusters = self.record.spec.clusters
        return {"fabric/init"} | {f"{c.name}/machine-{n + 1}" for c in clusters for n in range(max(1, c.nodes))}

    def machines(self) -> dict[str, Machine]:
        """The machines that run, by part."""
        running = self.processes.running()
        return {part: machine for part in self.machine_parts() & running.keys() for machine in found(running[part])}
