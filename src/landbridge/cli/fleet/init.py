"""``landbridge fleet init``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from landbridge.cli.options import DryRun, Kubeconfig, Output, Proxy, report
from landbridge.enroll.definitions import Existing
from landbridge.enroll.init import init as initialise
from landbridge.kube.api import Api
from landbridge.kube.config import load


async def init(
    *,
    controller_kubeconfig: Annotated[Path, Parameter(help="File to write for the controller: the hub, and its token.")],
    context: Annotated[
        str | None, Parameter(help="Context of the cluster; by default the current one.", show_default=False)
    ] = None,
    kubeconfig: Kubeconfig = None,
    server: Annotated[
        str,
        Parameter(
            help="URL by which the controller reaches the hub, if not that of your kubeconfig.", show_default=False
        ),
    ] = "",
    proxy: Proxy = "",
    fleet: Annotated[
        str,
        Parameter(
            help="uid of a fleet whose record was lost, as its imports carry it in label landbridge.dev/fleet.",
            show_default=False,
        ),
    ] = "",
    argocd: Annotated[
        bool, Parameter(negative=(), help="Teach Argo CD on the hub the health of a MultiClusterService.")
    ] = False,
    existing_crd: Annotated[
        Existing,
        Parameter(
            help="What to do about a CRD of the same name that is not ours: `keep` uses it as it is, if the controller "
            "can; `replace` takes away what only that one has."
        ),
    ] = Existing.REFUSE,
    dry_run: DryRun = False,
    output: Output = "text",
) -> None:
    """Make a cluster the hub of a fleet.

    Applies our namespace, CRDs and RBAC, makes the fleet's record, and writes a kubeconfig with which the controller
    may do what it has to, and no more. Kubernetes 1.29 or later. Doing it again mends what is missing.
    """
    config = load(context, kubeconfig)
    async with Api(config) as hub:
        uid = await initialise(
            hub,
            config,
            controller_kubeconfig,
            report,
            server=server.rstrip("/"),
            proxy=proxy,
            fleet=fleet,
            argocd=argocd,
            existing_crd=existing_crd,
            dry_run=dry_run,
        )
    if output == "json":
        print(msgspec.json.encode({"fleet": uid, "controllerKubeconfig": str(controller_kubeconfig)}).decode())
