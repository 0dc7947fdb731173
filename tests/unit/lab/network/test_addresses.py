"""Ports and networks: no two clusters of any two labs share one."""

from ipaddress import IPv4Network
from itertools import combinations, pairwise

from landbridge_lab.network.addresses import MAX_LABS, Addresses, ports
from landbridge_lab.spec import MAX_CLUSTERS, MAX_NODES

ALL = [Addresses(index, position) for index in range(MAX_LABS) for position in range(MAX_CLUSTERS)]
PRIVATE = IPv4Network("10.0.0.0/8")
FIRST_EPHEMERAL_PORT = 32768


def test_no_port_is_given_twice_and_none_is_used_for_outgoing_connections() -> None:
    given = [port for index in range(MAX_LABS) for port in ports(index, MAX_CLUSTERS)]

    assert len(set(given)) == len(given)
    assert all(1024 < port < FIRST_EPHEMERAL_PORT for port in given)


def test_networks_of_all_clusters_of_all_labs_are_disjoint_and_private() -> None:
    networks = sorted(network for a in ALL for network in (a.pods, a.services, a.links))

    assert all(network.subnet_of(PRIVATE) for network in networks)
    assert not any(one.overlaps(other) for one, other in pairwise(networks))


def test_each_node_has_a_pod_network_of_its_own_within_the_clusters() -> None:
    for addresses in ALL:
        nodes = [addresses.node_pods(number) for number in range(1, MAX_NODES + 1)]
        assert all(network.subnet_of(addresses.pods) for network in nodes)
        assert not any(one.overlaps(other) for one, other in combinations(nodes, 2))


def test_services_and_machines_lie_in_their_networks() -> None:
    addresses = Addresses(index=3, position=2)

    assert str(addresses.api_service) == "10.163.32.1"
    assert addresses.dns in addresses.services
    assert {addresses.gateway, addresses.machine(1), addresses.machine(2)} < set(addresses.links.hosts())
    assert len({addresses.gateway, addresses.machine(1), addresses.machine(2)}) == 3
