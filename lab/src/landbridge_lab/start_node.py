"""Bringing one node up: containerd with the images that must be there, then kubelet and kube-proxy."""

import json

from landbridge_lab.api import Api
from landbridge_lab.commands import run
from landbridge_lab.crew import Crew
from landbridge_lab.errors import LabError
from landbridge_lab.images import Images
from landbridge_lab.machines import Machine
from landbridge_lab.node import SOCKET, Node


def write_files(node: Node) -> None:
    """The configuration of containerd, CNI, kubelet and kube-proxy."""
    files = node.files
    for folder in (files / "cni", files / "certs.d/_default"):
        folder.mkdir(parents=True, exist_ok=True)
    (files / "containerd.toml").write_text(node.containerd_config())
    (files / "certs.d/_default/hosts.toml").write_text(node.registry_mirror())
    (files / "cni/10-lab.conflist").write_text(json.dumps(node.cni()))
    (files / "kubelet.json").write_text(json.dumps(node.kubelet_config()))
    (files / "kube-proxy.json").write_text(json.dumps(node.proxy_config()))


async def start_runtime(node: Node, machine: Machine, crew: Crew, images: Images) -> None:
    """containerd, with the images that pods need before there is a registry."""
    part, log = f"{node.part}/containerd", node.files / "log/containerd.log"
    fresh = not crew.has(part)
    await crew.ensure(part, [*machine.enter, *node.containerd()], log)
    ctr = [*machine.enter, "ctr", "--address", SOCKET, "--namespace", "k8s.io"]

    async def answers() -> bool:
        try:
            await run([*ctr, "version"])
        except LabError:
            return False
        return True

    if fresh:
        await crew.wait(f"containerd of {node.name}", part, answers)
        for archive in (images.sandbox, images.coredns):
            await run([*ctr, "images", "import", archive], env=crew.processes.environment(f"{node.part}/import"))


async def start_agents(node: Node, machine: Machine, crew: Crew, api: Api) -> None:
    """The Node object, kube-proxy and kubelet; returns when the node is Ready."""
    await api.create(node.manifest())
    logs = node.files / "log"
    await crew.ensure(f"{node.part}/kube-proxy", [*machine.enter, *node.kube_proxy()], logs / "kube-proxy.log")
    kubelet = f"{node.part}/kubelet"
    await crew.ensure(kubelet, [*machine.enter, *node.kubelet()], logs / "kubelet.log")

    async def ready() -> bool:
        return _is_ready(await api.get(f"api/v1/nodes/{node.name}") or {})

    await crew.wait(f"node {node.name} Ready", kubelet, ready)


def _is_ready(node: dict[str, object]) -> bool:
    status = node.get("status")
    conditions = status.get("conditions", []) if isinstance(status, dict) else []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
