"""``landbridge fleet leave``"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Annotated

from cyclopts import Parameter

from landbridge.cli.options import DryRun, HubContext, Kubeconfig, report
from landbridge.fleet.leave import TIMEOUT
from landbridge.fleet.leave import leave as leave_fleet
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.config import load

NO_CONTEXT = "NoContext"


async def leave(
    name: Annotated[str, Parameter(help="Id of the cluster in the fleet.")],
    /,
    *,
    context: Annotated[
        str | None, Parameter(help="Context of the cluster; only --force does without.", show_default=False)
    ] = None,
    hub_context: HubContext = None,
    kubeconfig: Kubeconfig = None,
    force: Annotated[
        bool,
        Parameter(
            negative=(), help="For a cluster that is lost: do not wait for its imports to be removed; they stay."
        ),
    ] = False,
    timeout: Annotated[float, Parameter(help="Seconds to wait for the controller.")] = TIMEOUT,
    dry_run: DryRun = False,
) -> None:
    """Let a cluster leave the fleet.

    The controller removes what it imported into the cluster, and from it into others; then account, rules and our
    namespace go. If that takes too long, nothing is lost: leave again to wait on.
    """
    if context is None and not force:
        raise RefusedError(
            NO_CONTEXT, f"give the context of {name} with --context: its account has to be removed there"
        )
    async with AsyncExitStack() as open_apis:
        hub = await open_apis.enter_async_context(Api(load(hub_context, kubeconfig)))
        member = await open_apis.enter_async_context(Api(load(context, kubeconfig))) if context else None
        await leave_fleet(hub, member, name, report, force=force, dry_run=dry_run, timeout=timeout)
