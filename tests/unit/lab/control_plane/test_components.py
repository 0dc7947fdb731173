"""Command lines of a control plane, and whom its authority signs for."""

from dataclasses import replace
from pathlib import Path

import pytest
from landbridge_lab.control_plane.components import AUDIT_POLICY, ControlPlane
from landbridge_lab.network.addresses import Addresses
from landbridge_lab.paths import ClusterDir

FILES = ClusterDir(Path("/state/lab/old"))
INSIDE = ControlPlane("old", Addresses(0, 1), FILES, Path("/bin"), inside=True)
LOOPBACK = replace(INSIDE, inside=False)


def flags(command: list[str]) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in command[1:])}


def test_a_control_plane_alone_listens_on_loopback_only() -> None:
    api_server = flags(LOOPBACK.api_server())

    assert api_server["--bind-address"] == api_server["--advertise-address"] == "127.0.0.1"
    assert api_server["--secure-port"] == str(Addresses(0, 1).direct_port)


def test_a_control_plane_in_namespaces_has_the_standard_port_and_its_machines_address() -> None:
    api_server = flags(INSIDE.api_server())

    assert api_server["--secure-port"] == "6443"
    assert api_server["--advertise-address"] == "10.240.0.18"


@pytest.mark.parametrize("control_plane", [INSIDE, LOOPBACK])
def test_etcd_takes_no_port(control_plane: ControlPlane) -> None:
    urls = [value for name, value in flags(control_plane.etcd()).items() if name.endswith("-urls")]

    assert urls
    assert all(url.startswith("unix:///state/lab/old/") for url in urls)
    assert flags(control_plane.api_server())["--etcd-servers"] in urls


@pytest.mark.parametrize("command", [INSIDE.controller_manager(), LOOPBACK.controller_manager(), INSIDE.scheduler()])
def test_controllers_take_no_port(command: list[str]) -> None:
    assert flags(command)["--secure-port"] == "0"


def test_without_nodes_nobody_but_the_tests_makes_endpoint_slices() -> None:
    running = flags(LOOPBACK.controller_manager())["--controllers"].split(",")
    assert running == ["namespace-controller", "garbage-collector-controller", "serviceaccount-token-controller"]
    assert "--controllers" not in flags(INSIDE.controller_manager())


def test_only_requests_of_our_service_accounts_are_audited() -> None:
    first, last = AUDIT_POLICY["rules"]

    assert first == {"level": "Metadata", "userGroups": ["system:serviceaccounts:landbridge-system"]}
    assert last == {"level": "None"}
    assert flags(INSIDE.api_server())["--audit-log-path"] == str(FILES.audit_log)


def test_the_api_server_is_who_it_says_from_inside_and_outside() -> None:
    hosts = next(identity.hosts for identity in INSIDE.identities(0) if identity.file == "apiserver")

    assert {"127.0.0.1", "10.240.0.18", "10.160.16.1", "kubernetes.default.svc"} <= set(hosts)


def test_each_kubelet_is_a_node_of_its_own_name() -> None:
    kubelets = [identity for identity in INSIDE.identities(2) if identity.organization == "system:nodes"]

    assert [kubelet.common_name for kubelet in kubelets] == ["system:node:old-node-1", "system:node:old-node-2"]
    assert [kubelet.hosts[1] for kubelet in kubelets] == ["10.240.0.18", "10.240.0.19"]
