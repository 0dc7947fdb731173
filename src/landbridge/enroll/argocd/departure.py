"""Taking from Argo CD a member that leaves."""

from __future__ import annotations

from landbridge.api.names import ARGOCD_ACCOUNT, KUBE_SYSTEM
from landbridge.enroll.argocd.account import has_account
from landbridge.enroll.argocd.clusters import Known
from landbridge.enroll.argocd.registration import registered
from landbridge.enroll.progress import Report
from landbridge.kube.api import Api
from landbridge.kube.errors import ForbiddenError

LOST_ACCOUNT = (
    f"forced: account {ARGOCD_ACCOUNT}, with cluster-admin rights, stays in the cluster if it joined with --argocd; "
    f"should it return: kubectl delete clusterrolebinding {ARGOCD_ACCOUNT}; kubectl delete serviceaccount "
    f"{ARGOCD_ACCOUNT} -n {KUBE_SYSTEM}"
)
"""Said of each cluster that nobody reaches: whether it has the account cannot be known, whatever the hub says."""


async def look_up(hub: Api, member: Api | None, name: str, uid: str, report: Report) -> list[Known]:
    """Its registrations, as far as joins made them; ``member`` is ``None`` where it cannot be reached.

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
        return []
