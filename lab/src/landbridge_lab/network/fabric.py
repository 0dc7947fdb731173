"""The network between the clusters: a namespace with a bridge for each cluster, which routes between them.

    fabric     br0 .1            br1 .1             br2 .1
                |                 |                  |
               eth0 .2           eth0 .2            eth0 .2     machine 1: control plane and first node
             fleet-1          oldcluster-1        newcluster-1

Pods keep their addresses on the way, as the tutorial's "flat" network has it. Nodes of one cluster reach each other
over their bridge, so that a cluster that is cut off from the others is whole in itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from landbridge_lab.commands import run
from landbridge_lab.errors import LabError
from landbridge_lab.network.addresses import Addresses
from landbridge_lab.network.machines import Machine

PART = "fabric/init"
_ROUTES_BEFORE_OTHERS = 100


@dataclass(frozen=True)
class Fabric:
    """The fabric of a lab that is up."""

    machine: Machine

    async def add_bridge(self, addresses: Addresses) -> None:
        """The bridge of a cluster, with the fabric's address on it; fine when it is there."""
        bridge, prefix = f"br{addresses.position}", addresses.links.prefixlen
        if bridge not in await self._links(self.machine):
            await self._ip(self.machine, f"link add {bridge} type bridge")
        await self._ip(self.machine, f"addr replace {addresses.gateway}/{prefix} dev {bridge}", f"link set {bridge} up")

    async def plug_in(self, machine: Machine, addresses: Addresses, number: int, machines: int) -> None:
        """Link a cluster's machine `number` of `machines` to its bridge, and tell all where its pods are."""
        port, address = f"v{addresses.position}-{number}", addresses.machine(number)
        if "eth0" not in await self._links(machine):
            peer = f"link add {port} type veth peer name eth0 netns {machine.init}"
            await self._ip(self.machine, peer, f"link set {port} master br{addresses.position} up")
        siblings = [other for other in range(1, machines + 1) if other != number]
        await self._ip(
            machine,
            f"addr replace {address}/{addresses.links.prefixlen} dev eth0",
            "link set eth0 up",
            f"route replace default via {addresses.gateway}",
            *(f"route replace {addresses.node_pods(o)} via {addresses.machine(o)}" for o in siblings),
        )
        await self._ip(self.machine, f"route replace {addresses.node_pods(number)} via {address}")

    async def cut(self, addresses: Addresses) -> None:
        """Drop packets between the pods of a cluster and the other clusters: nobody is told, as when a cable breaks."""
        if not await self.is_cut(addresses):
            await self._ip(self.machine, *(f"rule add {rule}" for rule in _drops(addresses)))

    async def heal(self, addresses: Addresses) -> None:
        """Let them through again; fine when they are."""
        if await self.is_cut(addresses):
            await self._ip(self.machine, *(f"rule del {rule}" for rule in _drops(addresses)))

    async def is_cut(self, addresses: Addresses) -> bool:
        """Whether the cluster's pods are cut off now."""
        return f"from {addresses.pods} blackhole" in await run([*self.machine.enter_network, "ip", "rule"])

    async def _ip(self, machine: Machine, *lines: str) -> None:
        await run([*machine.enter_network, "ip", "-batch", "-"], stdin="\n".join(lines) + "\n")

    async def _links(self, machine: Machine) -> set[str]:
        listed = await run([*machine.enter_network, "ip", "-brief", "link"])
        return {line.split()[0].partition("@")[0] for line in listed.splitlines() if line}


def find_fabric(machines: dict[str, Machine]) -> Fabric:
    """The fabric among the machines that run."""
    if PART not in machines:
        raise LabError("the lab's network is gone", "its namespace has ended", "run `landbridge-lab up` again")
    return Fabric(machines[PART])


def _drops(addresses: Addresses) -> Sequence[str]:
    return [f"pref {_ROUTES_BEFORE_OTHERS} {way} {addresses.pods} blackhole" for way in ("to", "from")]
