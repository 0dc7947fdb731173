"""Who gets which port and which network: pure arithmetic on the lab's index and the cluster's position.

| what | value | for |
|---|---|---|
| forwarded API port on 127.0.0.1 | 16384 + 32 index + 2 position | people, controllers |
| API server's own port on 127.0.0.1 | the next one | control-plane-only labs |
| pods of a cluster | 10.(96 + index).(16 position).0/20 | one /24 for each node |
| services of a cluster | 10.(160 + index).(16 position).0/20 | ClusterIPs |
| links of a cluster | 10.240.index.(16 position)/28 | .1 the fabric, .2 the first machine |

The ports lie below the range from which Linux takes ports for outgoing connections (32768 and up). Networks exist only
inside namespaces of the lab, so that they may well be in use elsewhere in the machine's own network.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

MAX_LABS = 64
INSIDE_PORT = 6443
_FIRST_PORT = 16384
_PORTS_PER_LAB = 32


@dataclass(frozen=True)
class Addresses:
    """Ports and networks of the cluster at `position` in the lab of that `index`."""

    index: int
    position: int

    @property
    def forwarded_port(self) -> int:
        return _FIRST_PORT + _PORTS_PER_LAB * self.index + 2 * self.position

    @property
    def direct_port(self) -> int:
        return self.forwarded_port + 1

    @property
    def pods(self) -> IPv4Network:
        return IPv4Network(f"10.{96 + self.index}.{16 * self.position}.0/20")

    def node_pods(self, node: int) -> IPv4Network:
        """The pod network of node 1, 2, ...: its `spec.podCIDR`."""
        return list(self.pods.subnets(new_prefix=24))[node - 1]

    @property
    def services(self) -> IPv4Network:
        return IPv4Network(f"10.{160 + self.index}.{16 * self.position}.0/20")

    @property
    def api_service(self) -> IPv4Address:
        """ClusterIP of `default/kubernetes`: the first of the range, as the API server takes it."""
        return self.services[1]

    @property
    def dns(self) -> IPv4Address:
        """ClusterIP of `kube-system/kube-dns`."""
        return self.services[10]

    @property
    def links(self) -> IPv4Network:
        return IPv4Network(f"10.240.{self.index}.{16 * self.position}/28")

    @property
    def gateway(self) -> IPv4Address:
        """The fabric's address on this cluster's bridge."""
        return self.links[1]

    def machine(self, number: int) -> IPv4Address:
        """Address of machine 1 (control plane, and the first node if any), 2, ..."""
        return self.links[1 + number]


def ports(index: int, clusters: int) -> list[int]:
    """Every loopback port that a lab of that index may listen on."""
    return [p for n in range(clusters) for p in (Addresses(index, n).forwarded_port, Addresses(index, n).direct_port)]
