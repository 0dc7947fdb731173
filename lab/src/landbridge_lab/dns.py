"""The cluster's DNS: CoreDNS as a Deployment, from coredns.yaml."""

from pathlib import Path
from typing import Any

import yaml

from landbridge_lab.addresses import Addresses
from landbridge_lab.api import Api

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


async def dns_serves(api: Api) -> bool:
    """Whether a CoreDNS pod is ready to answer."""
    deployment = await api.get("apis/apps/v1/namespaces/kube-system/deployments/coredns")
    return bool(deployment and deployment.get("status", {}).get("readyReplicas"))
