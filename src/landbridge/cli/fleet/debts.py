"""``landbridge fleet debts``"""

from __future__ import annotations

import msgspec

from landbridge.cli.options import HubContext, Kubeconfig, Output, print_table
from landbridge.enroll.debts import debtors
from landbridge.enroll.progress import few
from landbridge.kube.api import Api
from landbridge.kube.config import load

COLUMNS = ("CLUSTER", "SERVICES", "SINCE", "WHICH")


async def debts(*, hub_context: HubContext = None, kubeconfig: Kubeconfig = None, output: Output = "text") -> None:
    """List what clusters that are away still owe.

    Each may hold imports of MultiClusterServices that ended while it was away; the controller removes them when it is
    back. `landbridge fleet leave CLUSTER --force` gives them up.
    """
    async with Api(load(hub_context, kubeconfig)) as hub:
        found = await debtors(hub)
    if output == "json":
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        print_table(COLUMNS, [(d.cluster, str(len(d.services)), d.since, few(d.services)) for d in found])
