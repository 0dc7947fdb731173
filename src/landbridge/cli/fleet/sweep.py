"""``landbridge fleet sweep``"""

from __future__ import annotations

import sys
from typing import Annotated, TextIO

import msgspec
from cyclopts import Parameter

from landbridge.cli.fleet.reach import check_one, check_server, member_config
from landbridge.cli.options import DryRun, FromArgoCD, HubContext, Kubeconfig, MemberServer, Output, print_table, report
from landbridge.enroll.removal import Swept
from landbridge.enroll.sweep import NOT_CONFIRMED, Found, Stray, Target, aim, look, strays, why
from landbridge.enroll.sweep import sweep as sweep_cluster
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.config import load

COLUMNS = ("SERVICE", "IMPORTS", "FROM", "SINCE")


async def sweep(
    name: Annotated[str, Parameter(help="Id of the cluster in the fleet.")],
    /,
    *,
    context: Annotated[str | None, Parameter(help="Context of the cluster.", show_default=False)] = None,
    from_argocd: FromArgoCD = None,
    server: MemberServer = "",
    hub_context: HubContext = None,
    kubeconfig: Kubeconfig = None,
    fleet: Annotated[
        str,
        Parameter(
            help="uid of another fleet that is no more, whose imports are to go, as they carry it in label "
            "landbridge.dev/fleet.",
            show_default=False,
        ),
    ] = "",
    yes: Annotated[bool, Parameter(negative=(), help="Do not ask.")] = False,
    dry_run: DryRun = False,
    output: Output = "text",
) -> None:
    """Remove imports that nothing explains from a cluster.

    Without --fleet, those of this fleet for which the hub has no MultiClusterService, and no debt. The controller
    removes a few of them by itself; more than 10 that are more than a tenth of the cluster's wait for you, since the
    hub may have been emptied, or restored from an old backup: then put the MultiClusterServices back instead.

    With --fleet, those of another fleet that is no more. A fleet whose record was lost is taken over instead: see
    `landbridge fleet init --fleet`.

    What would go is shown first. Then you are asked, unless you said --yes.
    """
    check_one(name, context, from_argocd)
    check_server(server, from_argocd)
    async with Api(load(hub_context, kubeconfig)) as hub:
        config = await member_config(hub, context, from_argocd, kubeconfig, server=server.rstrip("/"))
        async with Api(config) as member:
            target = await aim(hub, member, name, fleet)
            found = await look(target)
            rows = strays(target, found)
            _show(target, found, rows, output)
            if dry_run or not found.slices:
                swept = Swept()
            else:
                confirm(len(found.slices), yes=yes, answers=sys.stdin)
                swept = await sweep_cluster(target, found, report)
                _tell(swept)
    if output == "json":
        print(
            msgspec.json.encode({"cluster": name, "fleet": target.fleet, "services": rows, "imports": swept}).decode()
        )


def _show(target: Target, found: Found, rows: list[Stray], output: Output) -> None:
    report(why(target, found))
    if rows and output == "text":
        print_table(COLUMNS, [(row.service, str(row.imports), ", ".join(row.sources), row.since) for row in rows])
    for uid, imports in sorted(found.others.items()):
        if uid != target.fleet:
            report(f"{imports} imports of fleet {uid} are there too: they stay; see --fleet")


def confirm(imports: int, *, yes: bool, answers: TextIO) -> None:
    """Let a person say so.

    Raises:
        RefusedError: Nobody did.
    """
    if yes:
        return
    if not answers.isatty():
        raise RefusedError(NOT_CONFIRMED, f"nobody can be asked whether these {imports} imports may go: say --yes")
    print(f"Remove these {imports} imports? [y/N] ", end="", file=sys.stderr, flush=True)
    if answers.readline().strip().lower() not in ("y", "yes"):
        raise RefusedError(NOT_CONFIRMED, "nothing was removed")


def _tell(swept: Swept) -> None:
    report(f"{swept.removed} imports removed")
    if swept.changed:
        report(f"{swept.changed} kept: somebody wrote them meanwhile, or the hub explains them by now; look again")
    if swept.held:
        report(f"{swept.held} are marked, and held by somebody's finalizers")
