"""The health check by which Argo CD knows whether a MultiClusterService is in effect: one key of its settings."""

from __future__ import annotations

from enum import Enum
from importlib.resources import files

from landbridge.api.core import CONFIG_MAPS, ConfigMap
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import ARGOCD_CONFIG, ARGOCD_NAMESPACE
from landbridge.enroll.argocd.installed import no_argocd, require_argocd
from landbridge.enroll.progress import Report
from landbridge.fleet.rbac import Manifest
from landbridge.kube.api import Api
from landbridge.kube.errors import ConflictError, NotFoundError

SCRIPT = files("landbridge.enroll.argocd").joinpath("health.lua").read_text()
"""Lua; Argo CD gives it the object as ``obj``."""

MARK = SCRIPT.splitlines()[0]
"""A script that begins with this line is ours, of whatever version."""

KEY = f"resource.customizations.health.{MULTI_CLUSTER_SERVICES.group}_{MULTI_CLUSTER_SERVICES.kind}"

WHERE = f"ConfigMap {ARGOCD_NAMESPACE}/{ARGOCD_CONFIG}"


class Step(Enum):
    """What is to be done about the script that is there."""

    INSTALL = "install"
    NOTHING = "nothing"
    KEEP = "keep"


_SAID = {
    Step.NOTHING: "the health check of MultiClusterService is up to date in",
    Step.KEEP: "a health check of MultiClusterService that is not ours stays in",
}


def decide(present: str | None) -> Step:
    """What to do where ``present`` is in force."""
    if present and not present.startswith(MARK):
        return Step.KEEP
    return Step.NOTHING if (present or "").strip() == SCRIPT.strip() else Step.INSTALL


def config_map() -> Manifest:
    """The settings with our key alone, to be patched in by whoever keeps them in Git."""
    meta = {
        "name": ARGOCD_CONFIG,
        "namespace": ARGOCD_NAMESPACE,
        "labels": {"app.kubernetes.io/part-of": "argocd"},
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {KEY: SCRIPT}}


async def settings(hub: Api) -> ConfigMap:
    """Argo CD's settings on the hub.

    Raises:
        RefusedError: There are none, and so no Argo CD.
        KubeError: The hub refused, or gave no answer.
    """
    await require_argocd(hub)
    try:
        return await hub.get(CONFIG_MAPS, ARGOCD_CONFIG, ARGOCD_NAMESPACE)
    except NotFoundError:
        raise no_argocd(f"{hub.server} has no {WHERE}") from None


def foretell(present: ConfigMap, report: Report) -> None:
    """Say what installing would do."""
    said = _SAID.get(_step(present), "would write the health check of MultiClusterService into")
    report(f"dry run: {said} {WHERE}")


async def install(hub: Api, report: Report) -> None:
    """Put our script into Argo CD's settings, and leave everything else there as it is.

    Raises:
        RefusedError: There is no Argo CD.
        KubeError: The hub refused, or gave no answer.
    """
    while True:
        present = await settings(hub)
        step = _step(present)
        if step is not Step.INSTALL:
            report(f"{_SAID[step]} {WHERE}")
            return
        try:
            await hub.merge_patch(CONFIG_MAPS, present.metadata, {"data": {KEY: SCRIPT}})
        except ConflictError:  # somebody wrote there between
            continue
        report(f"health check of MultiClusterService written into {WHERE}")
        return


async def uninstall(hub: Api, report: Report) -> None:
    """Take our script out of Argo CD's settings, where there are any.

    Raises:
        KubeError: The hub refused, or gave no answer.
    """
    while True:
        try:
            present = await hub.get(CONFIG_MAPS, ARGOCD_CONFIG, ARGOCD_NAMESPACE)
        except NotFoundError:
            return
        if not (present.data or {}).get(KEY, "").startswith(MARK):
            return
        try:
            await hub.merge_patch(CONFIG_MAPS, present.metadata, {"data": {KEY: None}})
        except ConflictError:  # somebody wrote there between
            continue
        report(f"health check of MultiClusterService taken out of {WHERE}")
        return


def _step(present: ConfigMap) -> Step:
    return decide((present.data or {}).get(KEY))
