"""``landbridge fleet join``"""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import Parameter

from landbridge.cli.fleet.reach import CONFLICTING_OPTIONS, check_one, member_config
from landbridge.cli.options import DryRun, FromArgoCD, HubContext, Kubeconfig, Output, Proxy, report
from landbridge.enroll.admission import Wish
from landbridge.enroll.argocd.registration import ALREADY_REGISTERED
from landbridge.enroll.join import Joined
from landbridge.enroll.join import join as join_fleet
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.config import load


async def join(
    name: Annotated[str, Parameter(help="Id of the cluster in the fleet, a DNS label.")],
    /,
    *,
    context: Annotated[
        str | None, Parameter(help="Context of the cluster in your kubeconfig.", show_default=False)
    ] = None,
    from_argocd: FromArgoCD = None,
    hub_context: HubContext = None,
    kubeconfig: Kubeconfig = None,
    server: Annotated[
        str,
        Parameter(
            help="URL by which the controller reaches the cluster, if not that of your kubeconfig; with --from-argocd, "
            "by which this command does too, if not that of the Secret.",
            show_default=False,
        ),
    ] = "",
    proxy: Proxy = "",
    pod_cidr: Annotated[
        tuple[str, ...],
        Parameter(
            negative=(),
            show_default=False,
            help="A network of its pods; may be repeated. By default what its nodes say.",
        ),
    ] = (),
    service_cidr: Annotated[
        tuple[str, ...],
        Parameter(
            negative=(),
            show_default=False,
            help="A network of its Services; may be repeated. By default what the cluster says.",
        ),
    ] = (),
    import_cidr: Annotated[
        tuple[str, ...],
        Parameter(
            negative=(),
            show_default=False,
            help="A network whose addresses may be imported into it; may be repeated. By default any but its own.",
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
    argocd: Annotated[
        bool,
        Parameter(negative=(), help="Register it with Argo CD on the hub too, by an account that may do everything."),
    ] = False,
    argocd_server: Annotated[
        str,
        Parameter(help="URL by which Argo CD reaches the cluster, if not as the controller.", show_default=False),
    ] = "",
    dry_run: DryRun = False,
    output: Output = "text",
) -> None:
    """Let a cluster join the fleet.

    Makes an account in it that may do exactly what the controller needs, with admission policies that hold it to that
    (Kubernetes 1.30), and stores a short-lived token for it on the hub. Everything is checked first; if something fails
    after that, what was made is removed. Joining again under the same name mends and updates: what you do not give
    stays as it is. The hub may join too. Kubernetes 1.22 or later.

    Name the cluster by --context, or by --from-argocd: what Argo CD has is then used for this command alone.
    """
    check_one(name, context, from_argocd)
    _check_argocd(from_argocd, argocd_server, argocd=argocd)
    wish = Wish(
        name,
        server.rstrip("/"),
        pod_cidr,
        frozenset(namespace),
        all_namespaces,
        argocd=argocd,
        argocd_server=argocd_server.rstrip("/"),
        import_cidrs=import_cidr,
        service_cidrs=service_cidr,
        proxy=proxy,
    )
    async with Api(load(hub_context, kubeconfig)) as hub:
        config = await member_config(hub, context, from_argocd, kubeconfig, server=wish.server)
        async with Api(config) as member:
            joined = await join_fleet(hub, member, config, wish, report, dry_run=dry_run)
    if output == "json":
        print(_json(joined))


def _check_argocd(from_argocd: str | None, argocd_server: str, *, argocd: bool) -> None:
    if argocd_server and not argocd:
        raise RefusedError(
            CONFLICTING_OPTIONS,
            "--argocd-server is for a registration with Argo CD: give --argocd too, or leave it out",
        )
    if argocd and from_argocd is not None:
        raise RefusedError(
            ALREADY_REGISTERED, f"Argo CD knows the cluster already, by Secret {from_argocd}: leave --argocd out"
        )


def _json(joined: Joined) -> str:
    cluster, registration = joined.cluster, joined.registration
    row: dict[str, object] = {
        "name": cluster.name,
        "server": cluster.config.server,
        "podCidrs": cluster.pod_cidrs,
        "serviceCidrs": cluster.service_cidrs,
        "importCidrs": cluster.import_cidrs,
        "namespaces": sorted(cluster.namespaces),
        "clusterUid": cluster.uid,
        "admissionPolicies": joined.policies,
    }
    if registration:
        row["argocd"] = {"secret": registration.secret, "server": registration.config.server}
    return msgspec.json.encode(row).decode()
