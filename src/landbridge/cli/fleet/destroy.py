"""``landbridge fleet destroy``"""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import Parameter

from landbridge.cli.options import DryRun, HubContext, Kubeconfig, Output, report
from landbridge.enroll.destroy import destroy as destroy_hub
from landbridge.kube.api import Api
from landbridge.kube.config import load


async def destroy(
    *,
    hub_context: HubContext = None,
    kubeconfig: Kubeconfig = None,
    drop_members: Annotated[
        bool,
        Parameter(negative=(), help="Although clusters are in the fleet: what is in them stays, and is told."),
    ] = False,
    drop_services: Annotated[
        bool,
        Parameter(negative=(), help="Delete MultiClusterServices, too; their imports stay where they are."),
    ] = False,
    dry_run: DryRun = False,
    output: Output = "text",
) -> None:
    """Take a hub away: our CRDs, account, rules, record and namespace.

    Refused while a controller is at work, or clusters or MultiClusterServices remain. It also finishes what `kubectl
    delete namespace landbridge-system` on the hub began. Doing it again goes on where it broke.
    """
    async with Api(load(hub_context, kubeconfig)) as hub:
        gone = await destroy_hub(hub, report, drop_members=drop_members, drop_services=drop_services, dry_run=dry_run)
    if not dry_run:
        report("nothing of the fleet is left on the hub" if not gone.namespace_stays else "the hub is no hub any more")
    if output == "json":
        print(msgspec.json.encode(gone).decode())
