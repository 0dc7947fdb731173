"""``landbridge fleet list``"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from landbridge.cli.options import LONGEST_LINE, HubContext, Kubeconfig, Output, print_table
from landbridge.enroll.listing import Row, rows
from landbridge.kube.api import Api
from landbridge.kube.config import load
from landbridge.telemetry.text import shown

COLUMNS = ("NAME", "STATE", "VERSION", "SERVER", "POD CIDRS", "NAMESPACES", "TOKEN UNTIL", "SINCE")


async def list_members(
    *, hub_context: HubContext = None, kubeconfig: Kubeconfig = None, output: Output = "text"
) -> None:
    """List the members, each with its state as seen from here with the controller's own address and token.

    States: Ready; Troubled (the controller says why); Leaving; Unreachable; Unauthorized (its token is refused); or the
    reason why its Secret is not used.
    """
    async with Api(load(hub_context, kubeconfig)) as hub:
        found = await rows(hub)
    if output == "json":
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        _print(found)


def _print(found: Sequence[Row]) -> None:
    console = print_table(COLUMNS, map(_cells, found))
    for row in found:
        if row.message:
            console.print(shown(f"{row.name}: {row.message}", LONGEST_LINE), markup=False, highlight=False)


def _cells(row: Row) -> tuple[str, ...]:
    cidrs, namespaces = ", ".join(row.pod_cidrs), ", ".join(row.namespaces) or "all"
    return row.name, row.state, row.version, row.server, cidrs, namespaces, row.token_expires, row.since
