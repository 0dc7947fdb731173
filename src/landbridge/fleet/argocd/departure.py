"""Taking from Argo CD a member that leaves."""

from __future__ import annotations

from landbridge.api.names import ARGOCD_ACCOUNT, KUBE_SYSTEM
from landbridge.fleet.argocd.account import has_account
from landbridge.fleet.argocd.clusters import Known
from landbridge.fleet.argocd.registration import registered, unregister
from landbridge.fleet.progress import Report
from landbridge.kube.api import Api
from landbridge.kube.errors import ForbiddenError


async def look_up(hub: Api, member: Api | None, name: str, uid: str, report: Report) -> Known | None:
    """Its registration, if a join made one; ``member`` is ``None`` where it cannot be reached.

    A person who may not look may still let a cluster leave that was never registered: it has no account for Argo CD.

    Raises:
        KubeError: The hub gave no answer, or refused although the cluster is registered.
    """
    try:
        return await registered(hub, name, uid)
    except ForbiddenError as error:
        if member and await has_account(member):
            raise
        report(f"whether Argo CD knows {name} could not be seen: {error}")
        return None


async def deregister(hub: Api, registration: Known, name: str, report: Report, *, reached: bool) -> None:
    """Take its Secret from Argo CD; say what stays in a member that is not ``reached``.

    Raises:
        KubeError: The hub refused, or gave no answer.
    """
    await unregister(hub, name, registration.uid, report)
    if not reached:
        report(
            f"forced: account {ARGOCD_ACCOUNT} stays in {name}, with cluster-admin rights; should the cluster return: "
            f"kubectl delete clusterrolebinding {ARGOCD_ACCOUNT}; kubectl delete serviceaccount {ARGOCD_ACCOUNT} -n "
            f"{KUBE_SYSTEM}"
        )
