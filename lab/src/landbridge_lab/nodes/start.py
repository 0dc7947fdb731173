"""Bringing one node up: containerd with the images that must be there, then kubelet and kube-proxy."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from landbridge_lab.commands import run
from landbridge_lab.control_plane.api import Api
from landbridge_lab.crew import Crew
from landbridge_lab.errors import LabError
from landbridge_lab.files import put
from landbridge_lab.network.machines import Machine
from landbridge_lab.nodes.node import SOCKET, Node


def write_files(node: Node) -> None:
    """The configuration of containerd, CNI, kubelet and kube-proxy."""
    files = node.files
    for folder in (files / "cni", files / "certs.d/_default"):
        folder.mkdir(parents=True, exist_ok=True)
    put(files / "containerd.toml", node.containerd_config())
    put(files / "certs.d/_default/hosts.toml", node.registry_mirror())
    put(files / "cni/10-lab.conflist", json.dumps(node.cni()))
    put(files / "kubelet.json", json.dumps(node.kubelet_config()))
    put(files / "kube-proxy.json", json.dumps(node.proxy_config()))


async def start_runtime(node: Node, machine: Machine, crew: Crew, images: Iterable[Path]) -> None:
    """containerd, with the images (archives) that pods do not pull from the registry."""
    part, log = f"{node.part}/containerd", node.files / "log/containerd.log"
    fresh = not crew.has(part)
    await crew.ensure(part, [*machine.enter, *node.containerd()], log)
    marking = crew.processes.marking(f"{node.part}/ctr")
    ctr = [*marking, *machine.enter, "ctr", "--address", SOCKET, "--namespace", "k8s.io"]

    async def answers() -> bool:
        try:
            await run([*ctr, "version"])
        except LabError:
            return False
        return True

    if fresh:
        await crew.wait(f"containerd of {node.name}", part, answers)
        for archive in images:
            await run([*ctr, "images", "import", archive])


async def start_agents(node: Node, machine: Machine, crew: Crew, api: Api) -> None:
    """The Node object, kube-proxy and kubelet; returns when the node is Ready."""
    await api.create(node.manifest())
    logs = node.files / "log"
    await crew.ensure(f"{node.part}/kube-proxy", [*machine.enter, *node.kube_proxy()], logs / "kube-proxy.log")
    kubelet, started = f"{node.part}/kubelet", datetime.now(UTC).replace(microsecond=0)
    if crew.has(kubelet):
        started = datetime.min.replace(tzinfo=UTC)
    await crew.ensure(kubelet, [*machine.enter, *node.kubelet()], logs / "kubelet.log")

    async def ready() -> bool:
        return _is_ready(await api.get(f"api/v1/nodes/{node.name}"), started)

    await crew.wait(f"node {node.name} Ready", kubelet, ready)


def _is_ready(node: dict[str, Any] | None, since: datetime) -> bool:
    """Whether kubelet says so, and has said it `since` then: what an ended kubelet said stays in the object."""
    conditions = node.get("status", {}).get("conditions", []) if node else []
    return any(
        condition["type"] == "Ready"
        and condition["status"] == "True"
        and datetime.fromisoformat(condition["lastHeartbeatTime"]) >= since
        for condition in conditions
    )
