"""Command lines of a control plane: etcd, API server, controller manager, scheduler. Pure.

A control plane listens either inside its machine's namespaces, on the standard port of all addresses, or
(control-plane-only) on a loopback port of this machine. etcd is reached by a socket file in a folder that only its
owner can open: it needs no port, and no password to keep others out.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from landbridge_lab.control_plane.certificates import Identity
from landbridge_lab.network.addresses import INSIDE_PORT, Addresses
from landbridge_lab.paths import ClusterDir

ANY = str(IPv4Address(0))
ADMIN = "admin"
CONTROLLER_MANAGER = "controller-manager"
SCHEDULER = "scheduler"
PROXY = "kube-proxy"

# Where tests play the provider, the cluster must not make EndpointSlices; namespaces and owned objects still go away,
# and a Secret that asks for a service account's token gets one.
_CONTROLLERS_WITHOUT_NODES = "namespace-controller,garbage-collector-controller,serviceaccount-token-controller"

SERVICES6 = "fd00:10:96::/112"
"""Second network of ClusterIPs, so that Services may be dual-stack, where there are no nodes that would carry it."""

AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "userGroups": ["system:serviceaccounts:landbridge-system"]},
        {"level": "None"},
    ],
}


@dataclass(frozen=True)
class ControlPlane:
    """One cluster's control plane: who it is, where its files are, whether it lives in namespaces (`inside`)."""

    name: str
    addresses: Addresses
    files: ClusterDir
    binaries: Path
    inside: bool

    @property
    def host(self) -> str:
        return str(self.addresses.machine(1)) if self.inside else "127.0.0.1"

    @property
    def port(self) -> int:
        return INSIDE_PORT if self.inside else self.addresses.direct_port

    @property
    def forwarded_url(self) -> str:
        return f"https://127.0.0.1:{self.addresses.forwarded_port}"

    def node_name(self, number: int) -> str:
        return f"{self.name}-node-{number}"

    def identities(self, nodes: int) -> list[Identity]:
        """Whom the cluster's authority signs for."""
        service = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
        own = (*service, "localhost", "127.0.0.1", str(self.addresses.machine(1)), str(self.addresses.api_service))
        numbers = range(1, nodes + 1)
        return [
            Identity("apiserver", "kube-apiserver", hosts=own),
            Identity("apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters"),
            Identity(ADMIN, "admin", "system:masters"),
            Identity(CONTROLLER_MANAGER, "system:kube-controller-manager"),
            Identity(SCHEDULER, "system:kube-scheduler"),
            Identity(PROXY, "system:kube-proxy"),
            *(self._kubelet(number) for number in numbers),
        ]

    def _kubelet(self, number: int) -> Identity:
        name = self.node_name(number)
        hosts = (name, str(self.addresses.machine(number)))
        return Identity(f"kubelet-{number}", f"system:node:{name}", "system:nodes", hosts)

    def etcd(self) -> list[str]:
        # Without fsync: a lab's data may be lost with the machine, and starts in half the time.
        client, peer = f"unix://{self.files.etcd_client}", f"unix://{self.files.etcd_peer}"
        return [
            str(self.binaries / "etcd"),
            f"--name={self.name}",
            f"--data-dir={self.files.etcd_data}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster={self.name}={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]

    def api_server(self) -> list[str]:
        pki = self.files.certificates
        return [
            str(self.binaries / "kube-apiserver"),
            f"--etcd-servers=unix://{self.files.etcd_client}",
            f"--bind-address={ANY if self.inside else '127.0.0.1'}",
            f"--advertise-address={self.host}",
            f"--secure-port={self.port}",
            f"--endpoint-reconciler-type={'lease' if self.inside else 'none'}",
            f"--tls-cert-file={pki}/apiserver.crt",
            f"--tls-private-key-file={pki}/apiserver.key",
            f"--client-ca-file={pki}/ca.crt",
            f"--service-cluster-ip-range={self.addresses.services}{'' if self.inside else f',{SERVICES6}'}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={pki}/accounts.pub",
            f"--service-account-signing-key-file={pki}/accounts.key",
            "--authorization-mode=Node,RBAC",
            "--allow-privileged=true",
            "--profiling=false",
            f"--audit-policy-file={self.files.audit_policy}",
            f"--audit-log-path={self.files.audit_log}",
            "--audit-log-maxsize=1000",
            f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt",
            f"--kubelet-client-key={pki}/apiserver-kubelet.key",
            f"--kubelet-certificate-authority={pki}/ca.crt",
            "--kubelet-preferred-address-types=InternalIP",
        ]

    def controller_manager(self) -> list[str]:
        pki, config = self.files.certificates, self.files.kubeconfig(CONTROLLER_MANAGER)
        networks = [
            "--allocate-node-cidrs=true",
            f"--cluster-cidr={self.addresses.pods}",
            f"--service-cluster-ip-range={self.addresses.services}",
        ]
        return [
            str(self.binaries / "kube-controller-manager"),
            f"--kubeconfig={config}",
            f"--cluster-name={self.name}",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={pki}/accounts.key",
            f"--root-ca-file={pki}/ca.crt",
            f"--cluster-signing-cert-file={pki}/ca.crt",
            f"--cluster-signing-key-file={pki}/ca.key",
            *(networks if self.inside else [f"--controllers={_CONTROLLERS_WITHOUT_NODES}"]),
        ]

    def scheduler(self) -> list[str]:
        return [
            str(self.binaries / "kube-scheduler"),
            f"--kubeconfig={self.files.kubeconfig(SCHEDULER)}",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
        ]
