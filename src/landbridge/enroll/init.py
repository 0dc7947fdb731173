"""Making a cluster the hub: our namespace, our CRDs, the controller's account, the fleet's record."""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

from landbridge.api import crd
from landbridge.api.core import CONFIG_MAPS, ConfigMap
from landbridge.api.names import FLEET, HUB_ACCOUNT
from landbridge.enroll import proxies
from landbridge.enroll.admission import check_not_ending
from landbridge.enroll.argocd import health
from landbridge.enroll.definitions import Existing, to_apply
from landbridge.enroll.kubeconfig import render_kubeconfig
from landbridge.enroll.manifests import apply, describe, read
from landbridge.enroll.progress import Report, few
from landbridge.enroll.server import HUB_LEAST, require
from landbridge.enroll.trial import Connect, try_address, try_token
from landbridge.enroll.waiting import until
from landbridge.fleet import rbac, record
from landbridge.fleet.members import members
from landbridge.fleet.rbac import Manifest
from landbridge.fleet.record import FleetRecord, render_record
from landbridge.fleet.refusal import RefusedError
from landbridge.fleet.settings import check_server
from landbridge.fleet.stores import write_private
from landbridge.fleet.tokens import mint
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import ConflictError, NotFoundError, UnreachableError

INVALID_FLEET = "InvalidFleet"
OTHER_FLEET = "OtherFleet"

_UID = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")  # of a label

ESTABLISHED_TIMEOUT = 60.0
"""Seconds for the API server to serve a new CRD."""


async def init(
    hub: Api,
    config: ServerConfig,
    kubeconfig: Path,
    report: Report,
    *,
    server: str = "",
    proxy: str = "",
    fleet: str = "",
    argocd: bool = False,
    existing_crd: Existing = Existing.REFUSE,
    dry_run: bool = False,
    connect: Connect = Api,
) -> str:
    """Make ``hub`` the hub, and write a kubeconfig for the controller.

    ``config`` is how a person reaches the hub, and the controller too, unless it uses another ``server``.
    ``proxy`` is the one through which the controller reaches it; the person's own is not kept.
    ``fleet`` is the uid of a fleet whose record was lost: its imports are ours again.
    ``existing_crd`` is what to do about a CRD of ours that somebody else made.
    With ``argocd``, Argo CD on the hub learns the health of a MultiClusterService.
    Gives the fleet's uid, empty on a dry run.
    Doing it again mends what is missing, keeps the record, and gives the controller a fresh token.

    Raises:
        RefusedError: The hub is too old, lacks an Argo CD, holds another fleet or a CRD that is not ours, or
            ``server`` is no address.
        TimedOutError: A CRD was not accepted in time.
        KubeError: The hub refused, or gave no answer, or not at ``server``.
        OSError: The kubeconfig cannot be written.
    """
    reached = replace(config.anonymous(), server=server or config.server, proxy=proxies.wished(proxy))
    check_server(reached.server, "--server")
    await require(hub, HUB_LEAST, "hub")
    if server or proxy or config.proxy:
        await try_address(connect(reached, StaticToken()))
    settings = await health.settings(hub) if argocd else None
    await check_not_ending(hub)
    await _check_fleet(hub, fleet)
    await _warn_of_lost_record(hub, fleet, report)
    definitions = [crd.render(definition) for definition in crd.DEFINITIONS]
    applied = await to_apply(hub, definitions, existing_crd, report)
    report(f"the controller reaches the hub {proxies.reached(reached, config)}")
    manifests = [rbac.namespace(), *applied, *rbac.manifests(rbac.HUB)]
    if dry_run:
        _foretell(hub, manifests, settings, kubeconfig, report)
        return ""
    for manifest in manifests:
        made = await apply(hub, manifest)
        report(f"{describe(manifest)} {'made' if made else 'up to date'}")
    uid = await _ensure_record(hub, fleet)
    report(f"fleet {uid}")
    for definition in definitions:
        await _established(hub, definition)
    if settings:
        with _failure_not_refusal(kubeconfig):
            await health.install(hub, report)
    token = await mint(hub, HUB_ACCOUNT)
    with _failure_not_refusal(kubeconfig):
        await try_token(connect(reached, StaticToken(token)), *(definition.kind for definition in crd.DEFINITIONS))
    report(f"{reached.server} accepts the new token")
    await asyncio.to_thread(write_private, kubeconfig, render_kubeconfig(reached, token))
    report(f"{kubeconfig}: start the controller with it")
    return uid


def _foretell(
    hub: Api, manifests: Sequence[Manifest], settings: ConfigMap | None, kubeconfig: Path, report: Report
) -> None:
    for manifest in manifests:
        report(f"dry run: would apply {describe(manifest)} to {hub.server}")
    report(f"dry run: would keep or make the fleet's record, and write {kubeconfig}")
    if settings:
        health.foretell(settings, report)


async def _check_fleet(hub: Api, fleet: str) -> None:
    if fleet and not _UID.fullmatch(fleet):
        raise RefusedError(INVALID_FLEET, f"{fleet!r} is no fleet's uid: imports carry it as label {FLEET}")
    with contextlib.suppress(NotFoundError):
        known = await record.load(hub)
        if fleet not in ("", known.uid):
            raise RefusedError(
                OTHER_FLEET,
                f"{hub.server} holds fleet {known.uid}, whose imports would be those of a stranger; leave --fleet out",
            )


async def _warn_of_lost_record(hub: Api, fleet: str, report: Report) -> None:
    """Members without a record: there was one, and their imports carry its uid."""
    if fleet:
        return
    with contextlib.suppress(NotFoundError):
        await record.load(hub)
        return
    if known := [member.name for member in await members(hub)]:
        report(
            f"the hub has members ({few(known)}) and no record of their fleet: with a new uid, all their imports are "
            f"those of a stranger and stay as they are; give the old one with --fleet: they carry it as label {FLEET}"
        )


async def _ensure_record(hub: Api, fleet: str) -> str:
    """The fleet's uid; a record that exists is never touched, since imports carry its uid."""
    try:
        return (await record.load(hub)).uid
    except NotFoundError:
        with contextlib.suppress(ConflictError):  # somebody else just did
            await hub.create(CONFIG_MAPS, render_record(FleetRecord(fleet or str(uuid.uuid4()))))
    return (await record.load(hub)).uid


@contextlib.contextmanager
def _failure_not_refusal(kubeconfig: Path) -> Generator[None]:
    """Turn a refusal into a failure: a refusal says that nothing was changed, and by now something was."""
    try:
        yield
    except RefusedError as error:
        raise UnreachableError(f"{error}; {kubeconfig} is not written, what was done before stays") from error


async def _established(hub: Api, definition: Manifest) -> None:
    async def done() -> bool:
        return _is_established(await read(hub, definition))

    late = f"{describe(definition)} is not established after {ESTABLISHED_TIMEOUT:.0f} s; see its conditions"
    await until(done, ESTABLISHED_TIMEOUT, lambda: late, every=0.1)


def _is_established(found: Manifest | None) -> bool:
    conditions = (found or {}).get("status", {}).get("conditions", [])
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)
