"""``landbridge fleet list``"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from landbridge.cli.options import HubContext, Kubeconfig, Output
from landbridge.enroll.listing import Row, rows
from landbridge.kube.api import Api
from landbridge.kube.config import load

COLUMNS = ("NAME", "STATE", "VERSION", "SERVER", "POD CIDRS", "NAMESPACES", "TOKEN UNTIL", "SINCE")


async def list_members(
    *, hub_context: HubContext = None, kubeconfig: Kubeconfig = None, output: Output = "text"
) -> None:
    """List the members, each with its state as seen from here with the controller's own address and token.

    States: Ready; Leaving; Unreachable; Unauthorized (its token is refused); or the reason why its Secret is not used.
    """
    async with Api(load(hub_context, kubeconfig)) as hub:
        found = await rows(hub)
    if output == "json":
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        _print(found)


def _print(found: Sequence[Row]) -> None:
    table = Table(*COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in found:
        cidrs, namespaces = ", ".join(row.pod_cidrs), ", ".join(row.namespaces) or "all"
        table.add_row(row.name, row.state, row.version, row.server, cidrs, namespaces, row.token_expires, row.since)
    console = Console(soft_wrap=True, width=None if Console().is_terminal else 240)
    console.print(table)
    for row in found:
        if row.message:
            console.print(f"{row.name}: {row.message}", markup=False, highlight=False)
