"""One node: the configuration of containerd, CNI, kubelet and kube-proxy, and their command lines. Pure.

Inside its machine a node has the usual paths: /run/containerd/containerd.sock, /var/lib/kubelet, /var/log/pods.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landbridge_lab.control_plane.components import PROXY, ControlPlane

REGISTRY_PORT = 5000
SOCKET = "/run/containerd/containerd.sock"


@dataclass(frozen=True)
class Node:
    """Node `number` (1, 2, ...) of a cluster. `cgroup` is its folder in the cgroup hierarchies."""

    control_plane: ControlPlane
    number: int
    cgroup: str
    sandbox_image: str

    @property
    def name(self) -> str:
        return self.control_plane.node_name(self.number)

    @property
    def part(self) -> str:
        return f"{self.control_plane.name}/node-{self.number}"

    @property
    def files(self) -> Path:
        return self.control_plane.files.node(self.number)

    @property
    def address(self) -> str:
        return str(self.control_plane.addresses.machine(self.number))

    def manifest(self) -> dict[str, Any]:
        """The Node object, made before kubelet starts.

        Its pod network is ours to say (CNI's file says it too), and kube-proxy finds its address without a wait.
        """
        pods = str(self.control_plane.addresses.node_pods(self.number))
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name},
            "spec": {"podCIDR": pods, "podCIDRs": [pods]},
            "status": {"addresses": [{"type": "InternalIP", "address": self.address}]},
        }

    def containerd_config(self) -> str:
        """TOML. Without restrict_oom_score_adj, sandboxes fail where root lacks CAP_SYS_RESOURCE."""
        return f'''version = 2
root = "{self.files}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{self.sandbox_image}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{self.files}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{self.files}/certs.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
'''

    def registry_mirror(self) -> str:
        """TOML: every image, of whatever registry, is pulled from the lab's own."""
        address = f"http://{self.control_plane.addresses.gateway}:{REGISTRY_PORT}"
        return f'server = "{address}"\n[host."{address}"]\n  capabilities = ["pull", "resolve"]\n'

    def cni(self) -> dict[str, Any]:
        ranges = [[{"subnet": str(self.control_plane.addresses.node_pods(self.number))}]]
        addresses = {"type": "host-local", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]}
        return {
            "cniVersion": "0.4.0",
            "name": "lab",
            "plugins": [{"type": "ptp", "ipMasq": False, "ipam": addresses}],
        }

    def kubelet_config(self) -> dict[str, Any]:
        pki = self.control_plane.files.certificates
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "failCgroupV1": False,
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": self.cgroup,
            "containerRuntimeEndpoint": f"unix://{SOCKET}",
            "authentication": {
                "x509": {"clientCAFile": f"{pki}/ca.crt"},
                "webhook": {"enabled": True},
                "anonymous": {"enabled": False},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": f"{pki}/kubelet-{self.number}.crt",
            "tlsPrivateKeyFile": f"{pki}/kubelet-{self.number}.key",
            "clusterDNS": [str(self.control_plane.addresses.dns)],
            "clusterDomain": "cluster.local",
            "resolvConf": "",
            "failSwapOn": False,
            "enforceNodeAllocatable": ["pods"],
            "evictionHard": {"imagefs.available": "1%", "nodefs.available": "1%", "memory.available": "100Mi"},
            "imageGCHighThresholdPercent": 100,
        }

    def proxy_config(self) -> dict[str, Any]:
        """kube-proxy leaves the machine's conntrack settings alone (0), and is quick to program a change."""
        return {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(self.control_plane.files.kubeconfig(PROXY))},
            "mode": "nftables",
            "hostnameOverride": self.name,
            "clusterCIDR": str(self.control_plane.addresses.pods),
            "detectLocalMode": "ClusterCIDR",
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "oomScoreAdj": 0,
            "nftables": {"minSyncPeriod": "100ms", "syncPeriod": "30s"},
            "metricsBindAddress": "127.0.0.1:10249",
            "healthzBindAddress": "127.0.0.1:10256",
        }

    def containerd(self) -> list[str]:
        return ["containerd", "--config", f"{self.files}/containerd.toml"]

    def kubelet(self) -> list[str]:
        return [
            str(self.control_plane.binaries / "kubelet"),
            f"--config={self.files}/kubelet.json",
            f"--kubeconfig={self.control_plane.files.kubeconfig(f'kubelet-{self.number}')}",
            f"--hostname-override={self.name}",
            f"--node-ip={self.address}",
        ]

    def kube_proxy(self) -> list[str]:
        return [str(self.control_plane.binaries / "kube-proxy"), f"--config={self.files}/kube-proxy.json"]
