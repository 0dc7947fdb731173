"""A node's configuration: what must agree between its parts does."""

import tomllib
from pathlib import Path

from landbridge_lab.control_plane.components import ControlPlane
from landbridge_lab.images import COREDNS_IMAGE
from landbridge_lab.network.addresses import Addresses
from landbridge_lab.nodes.dns import manifests
from landbridge_lab.nodes.node import Node
from landbridge_lab.paths import ClusterDir

ADDRESSES = Addresses(0, 1)
PLANE = ControlPlane("old", ADDRESSES, ClusterDir(Path("/state/lab/old")), Path("/bin"), inside=True)
NODE = Node(PLANE, 2, "/cgroup/old-node-2", "lab.local/pause:1")


def test_pods_get_addresses_from_the_network_that_the_node_object_names() -> None:
    ranges = NODE.cni()["plugins"][0]["ipam"]["ranges"]

    assert ranges == [[{"subnet": NODE.manifest()["spec"]["podCIDR"]}]]
    assert not NODE.cni()["plugins"][0]["ipMasq"]


def test_kubelet_and_containerd_meet_at_the_socket() -> None:
    containerd = tomllib.loads(NODE.containerd_config())

    assert NODE.kubelet_config()["containerRuntimeEndpoint"] == f"unix://{containerd['grpc']['address']}"
    assert containerd["plugins"]["io.containerd.grpc.v1.cri"]["sandbox_image"] == "lab.local/pause:1"


def test_every_image_is_pulled_from_the_labs_registry_and_nowhere_else() -> None:
    mirror = tomllib.loads(NODE.registry_mirror())
    address = f"http://{ADDRESSES.gateway}:5000"

    assert mirror["server"] == address
    assert list(mirror["host"]) == [address]


def test_kube_proxy_leaves_the_machines_connection_tracking_alone() -> None:
    assert {str(value).rstrip("s") for value in NODE.proxy_config()["conntrack"].values()} == {"0"}


def test_kubelet_has_a_cgroup_of_its_own() -> None:
    assert NODE.kubelet_config()["cgroupRoot"] == "/cgroup/old-node-2"


def test_pods_ask_the_address_at_which_dns_serves() -> None:
    services = [manifest for manifest in manifests(ADDRESSES) if manifest["kind"] == "Service"]

    assert [service["spec"]["clusterIP"] for service in services] == NODE.kubelet_config()["clusterDNS"]


def test_coredns_runs_from_the_image_that_every_node_has() -> None:
    deployment = next(manifest for manifest in manifests(ADDRESSES) if manifest["kind"] == "Deployment")
    container = deployment["spec"]["template"]["spec"]["containers"][0]

    assert (container["image"], container["imagePullPolicy"]) == (COREDNS_IMAGE, "Never")
