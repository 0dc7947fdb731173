"""``landbridge fleet leave``"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Annotated

from cyclopts import Parameter

from landbridge.cli.fleet.reach import check_one, check_server, member_config
from landbridge.cli.options import DryRun, FromArgoCD, HubContext, Kubeconfig, MemberServer, report
from landbridge.enroll.leave import TIMEOUT
from landbridge.enroll.leave import leave as leave_fleet
from landbridge.kube.api import Api
from landbridge.kube.config import load


async def leave(
    name: Annotated[str, Parameter(help="Id of the cluster in the fleet.")],
    /,
    *,
    context: Annotated[
        str | None, Parameter(help="Context of the cluster; only --force does without.", show_default=False)
    ] = None,
    from_argocd: FromArgoCD = None,
    server: MemberServer = "",
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

    The controller removes what it imported into the cluster, and from it into others; then its registration with Argo
    CD goes, if join made one, and accounts, rules and our namespace. If that takes too long, nothing is lost: leave
    again to wait on.
    """
    check_one(name, context, from_argocd, optional=force)
    check_server(server, from_argocd)
    async with AsyncExitStack() as open_apis:
        hub = await open_apis.enter_async_context(Api(load(hub_context, kubeconfig)))
        member = None
        if context is not None or from_argocd is not None:
            config = await member_config(hub, context, from_argocd, kubeconfig, server=server.rstrip("/"), lost=force)
            member = await open_apis.enter_async_context(Api(config))
        await leave_fleet(hub, member, name, report, force=force, dry_run=dry_run, timeout=timeout)
