"""What Argo CD deploys to a member: whoever lets it leave should know."""

from __future__ import annotations

from collections.abc import Iterable

from landbridge.api.argocd import APPLICATIONS, Application
from landbridge.enroll.argocd.clusters import Known
from landbridge.enroll.progress import Report, count, few
from landbridge.kube.api import Api
from landbridge.kube.errors import ForbiddenError, NotFoundError


async def warn_of_applications(hub: Api, cluster: Known, report: Report) -> None:
    """Name the Applications that will not find the cluster any more.

    Raises:
        KubeError: The hub gave no answer.
    """
    try:
        naming = deploying_to(cluster, (await hub.list(APPLICATIONS)).items)
    except NotFoundError:  # Argo CD's definitions are not there
        return
    except ForbiddenError as error:
        report(f"the Applications of Argo CD could not be listed, some may still deploy to {cluster.name}: {error}")
        return
    if naming:
        deploying = f"{count(naming, 'Application')} of Argo CD still deploying to {cluster.name}"
        report(f"{deploying} will report an unknown cluster: {few(naming)}")


def deploying_to(cluster: Known, applications: Iterable[Application]) -> list[str]:
    """Those whose destination is the cluster, by name or by address."""
    return [str(app.metadata.key) for app in applications if _is(cluster, app)]


def _is(cluster: Known, app: Application) -> bool:
    destination = app.spec.destination
    if destination.name:
        return destination.name == cluster.name
    return bool(destination.server) and destination.server.rstrip("/") == cluster.server
