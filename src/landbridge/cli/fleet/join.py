"""``landbridge fleet join``"""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import Parameter

from landbridge.cli.options import DryRun, HubContext, Kubeconfig, Output, report
from landbridge.fleet.admission import Wish
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.join import join as join_fleet
from landbridge.kube.api import Api
from landbridge.kube.config import load


async def join(
    name: Annotated[str, Parameter(help="Id of the cluster in the fleet, a DNS label.")],
    /,
    *,
    context: Annotated[str, Parameter(help="Context of the cluster in your kubeconfig.")],
    hub_context: HubContext = None,
    kubeconfig: Kubeconfig = None,
    server: Annotated[
        str,
        Parameter(
            help="URL by which the controller reaches the cluster, if not that of your kubeconfig.", show_default=False
        ),
    ] = "",
    pod_cidr: Annotated[
        tuple[str, ...],
        Parameter(
            negative=(),
            show_default=False,
            help="A network of its pods; may be repeated. By default what its nodes say.",
        ),
    ] = (),
    namespace: Annotated[
        tuple[str, ...],
        Parameter(
            negative=(),
            show_default=False,
            help="A namespace whose Services may be joined; may be repeated. By default all.",
        ),
    ] = (),
    all_namespaces: Annotated[
        bool, Parameter(negative=(), help="Allow all namespaces again, where some were named before.")
    ] = False,
    dry_run: DryRun = False,
    output: Output = "text",
) -> None:
    """Let a cluster join the fleet.

    Makes an account in it that may do exactly what the controller needs, and stores a short-lived token for it on the
    hub. Everything is checked first; if something fails after that, what was made is removed. Joining again under the
    same name mends and updates: what you do not give stays as it is. The hub may join too. Kubernetes 1.22 or later.
    """
    wish = Wish(name, server.rstrip("/"), pod_cidr, frozenset(namespace), all_namespaces)
    config = load(context, kubeconfig)
    async with Api(load(hub_context, kubeconfig)) as hub, Api(config) as member:
        cluster = await join_fleet(hub, member, config, wish, report, dry_run=dry_run)
    if output == "json":
        print(_json(cluster))


def _json(cluster: Cluster) -> str:
    row = {
        "name": cluster.name,
        "server": cluster.config.server,
        "podCidrs": cluster.pod_cidrs,
        "namespaces": sorted(cluster.namespaces),
        "clusterUid": cluster.uid,
    }
    return msgspec.json.encode(row).decode()
