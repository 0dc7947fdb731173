"""The cluster's DNS: CoreDNS as a Deployment, from coredns.yaml."""

from pathlib import Path
from typing import Any

import yaml

from landbridge_lab.commands import run
from landbridge_lab.control_plane.api import Api
from landbridge_lab.errors import LabError
from landbridge_lab.network.addresses import Addresses
from landbridge_lab.network.machines import Machine

_MANIFESTS = Path(__file__).with_name("coredns.yaml")


def manifests(addresses: Addresses) -> list[dict[str, Any]]:
    """CoreDNS's objects, its Service at the address that kubelet tells the pods."""
    objects = list(yaml.safe_load_all(_MANIFESTS.read_text()))
    for manifest in objects:
        if manifest["kind"] == "Service":
            manifest["spec"]["clusterIP"] = str(addresses.dns)
    return objects


async def apply_dns(api: Api, addresses: Addresses) -> None:
    """Create or update CoreDNS."""
    for manifest in manifests(addresses):
        await api.apply(manifest)


async def dns_serves(api: Api, machine: Machine, addresses: Addresses) -> bool:
    """Whether CoreDNS has a ready pod, and answers a question that a node asks at the Service's address."""
    deployment = await api.get("apis/apps/v1/namespaces/kube-system/deployments/coredns")
    if not deployment or not deployment.get("status", {}).get("readyReplicas"):
        return False
    question = ["busybox", "nslookup", "kubernetes.default.svc.cluster.local", str(addresses.dns)]
    try:
        await run([*machine.enter_network, "timeout", "2", *question])
    except LabError:
        return False
    return True
