"""One cluster of a lab, as tests, the demo and benchmarks see it."""

from dataclasses import dataclass
from pathlib import Path

from landbridge_lab.control_plane import kubeconfigs
from landbridge_lab.control_plane.components import ADMIN, ControlPlane
from landbridge_lab.errors import RefusedError
from landbridge_lab.network import forwarding
from landbridge_lab.network.fabric import Fabric, find_fabric
from landbridge_lab.network.forwarding import ForwarderState
from landbridge_lab.site import Site


@dataclass(frozen=True)
class Cluster:
    """A cluster of a lab that is up."""

    control_plane: ControlPlane
    site: Site

    @property
    def name(self) -> str:
        """Its name; also the kubeconfig's context."""
        return self.control_plane.name

    @property
    def server(self) -> str:
        """URL of the API server through the forwarder: can be cut, frozen, delayed."""
        return self.control_plane.forwarded_url

    @property
    def direct_server(self) -> str:
        """URL of the API server's own port; control-plane-only labs alone have one that this machine can reach."""
        if self.control_plane.inside:
            raise RefusedError(
                f"direct address of {self.name}", "it lies inside the lab's namespaces", "use a control-plane-only lab"
            )
        return f"https://127.0.0.1:{self.control_plane.port}"

    @property
    def inside_server(self) -> str:
        """URL of the API server for who is inside the lab: pods of any cluster. Not to be reached from this machine."""
        if not self.control_plane.inside:
            raise RefusedError(
                f"inside address of {self.name}", "a control-plane-only lab has no pods", "use its address on loopback"
            )
        return f"https://{self.control_plane.host}:{self.control_plane.port}"

    @property
    def ca_data(self) -> bytes:
        """The authority that signed the API server's certificate, PEM."""
        return (self.control_plane.files.certificates / "ca.crt").read_bytes()

    @property
    def pod_cidr(self) -> str:
        """Network of all its pods."""
        return str(self.control_plane.addresses.pods)

    @property
    def service_cidr(self) -> str:
        """Network of its ClusterIPs."""
        return str(self.control_plane.addresses.services)

    @property
    def audit_log(self) -> Path:
        """JSON lines: every request of the service accounts in landbridge-system, at level Metadata."""
        return self.control_plane.files.audit_log

    @property
    def access(self) -> kubeconfigs.Access:
        """How its admin reaches it from this machine."""
        return kubeconfigs.Access(self.name, self.server, ADMIN, self.control_plane.files.certificates)

    async def cut(
        self,
        *,
        api: bool = False,
        pods: bool = False,
        mode: str | None = None,
        delay: float | None = None,
        after: float | None = None,
    ) -> None:
        """Cut the cluster off.

        `api`: its API server as seen from this machine. `mode` is cut (connections reset, new ones refused; the
        default), freeze (connections stay, no byte moves) or delay (every byte arrives `delay` seconds later, each
        way; the default when a delay is given), or idle (a connection is reset `after` seconds without a byte).
        `pods`: its pod network towards the other clusters' (packets vanish).
        """
        if not (api or pods):
            raise RefusedError(f"cut {self.name}", "nothing to cut was named", "name api, pods or both")
        if not api and (mode, delay, after) != (None, None, None):
            raise RefusedError(f"cut {self.name}'s pods", "a mode and its time are for the API alone", "name api, too")
        fabric = self._pods() if pods else None  # refused, if so, before anything is cut
        if api:
            line = forwarding.mode_line(mode or ("cut" if delay is None else "delay"), delay, after)
            await forwarding.command(self.control_plane.files.forwarder, line)
        if fabric:
            await fabric.cut(self.control_plane.addresses)

    async def heal(self) -> None:
        """Undo every cut; fine when there was none."""
        await forwarding.command(self.control_plane.files.forwarder, "open")
        if self.site.inside:
            await self._fabric().heal(self.control_plane.addresses)

    async def forwarder(self) -> ForwarderState:
        """What the forwarder does at the moment."""
        return await forwarding.command(self.control_plane.files.forwarder, "status")

    def _pods(self) -> Fabric:
        if not self.site.inside:
            raise RefusedError(f"cut {self.name}'s pods", "a control-plane-only lab has no pods", "cut its API instead")
        return self._fabric()

    def _fabric(self) -> Fabric:
        return find_fabric(self.site.machines())
