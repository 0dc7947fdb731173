"""Whether a cluster may join: everything that can be checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from landbridge.api.core import NAMESPACES
from landbridge.api.names import SYSTEM_NAMESPACE
from landbridge.enroll import networks, proxies, service_networks
from landbridge.enroll.server import HUB_LEAST, MEMBER_LEAST, identity, require
from landbridge.fleet import record
from landbridge.fleet.cluster import Cluster, valid_name
from landbridge.fleet.members import Entry, members
from landbridge.fleet.record import FleetRecord
from landbridge.fleet.refusal import RefusedError
from landbridge.fleet.settings import check_server
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from landbridge.kube.errors import ForbiddenError, NotFoundError

INVALID_NAME = "InvalidName"
INVALID_NAMESPACE = "InvalidNamespace"
NAME_TAKEN = "NameTaken"
SAME_CLUSTER = "SameCluster"
LEAVING = "Leaving"
NOT_INITIALISED = "NotInitialised"


@dataclass(frozen=True)
class Wish:
    """What a person asks for; what is empty stays as it is stored, or gets its default."""

    name: str
    server: str = ""
    pod_cidrs: tuple[str, ...] = ()
    namespaces: frozenset[str] = frozenset()
    all_namespaces: bool = False
    argocd: bool = False
    """Whether Argo CD on the hub is to know the cluster."""
    argocd_server: str = ""
    """Address by which Argo CD reaches it."""
    import_cidrs: tuple[str, ...] = ()
    """Networks whose addresses may be imported into it."""
    service_cidrs: tuple[str, ...] = ()
    proxy: str = ""
    """URL of the proxy through which the controller reaches it, or `direct`."""


@dataclass(frozen=True)
class Admission:
    """A cluster that may join, its token still missing."""

    cluster: Cluster
    before: Entry | None
    """Its Secret as it is on the hub, where it joined before."""
    others: tuple[Cluster, ...] = ()
    """The other members, as far as their Secrets can be read."""


async def admit(hub: Api, member: Api, config: ServerConfig, wish: Wish) -> Admission:
    """Check a wish against both clusters and the other members. ``config`` is how a person reaches the member.

    Raises:
        RefusedError: It must not join, or not so; nothing was changed.
        KubeError: One of the clusters gave no answer, or refused.
    """
    _check_words(wish)
    proxies.wished(wish.proxy)
    await require(hub, HUB_LEAST, "hub")
    await initialised(hub)
    await require(member, MEMBER_LEAST, "member")
    await _check_namespace(member)
    uid = await identity(member)
    known = await members(hub)
    before = _same(wish.name, uid, known)
    stored = before.cluster if before else None
    server = wish.server or (stored.config.server if stored else config.server)
    check_server(server, "--server")
    cidrs = wish.pod_cidrs or (stored.pod_cidrs if stored else ()) or await networks.proposed(member)
    services = wish.service_cidrs or (stored.service_cidrs if stored else ()) or await service_networks.proposed(member)
    others = tuple(other.cluster for other in known if other.cluster and other.name != wish.name)
    networks.check_disjoint(cidrs, {other.name: other.pod_cidrs for other in others})
    cluster = Cluster(
        name=wish.name,
        config=replace(
            config.anonymous(), server=server, proxy=proxies.wished(wish.proxy, stored.config if stored else None)
        ),
        token="",
        namespaces=_namespaces(wish, stored),
        pod_cidrs=networks.parse(cidrs),
        service_cidrs=networks.parse(services),
        import_cidrs=networks.parse(wish.import_cidrs) or (stored.import_cidrs if stored else ()),
        uid=uid,
    )
    service_networks.check_reachable(cluster, others)
    return Admission(replace(cluster, meta=before.meta) if before else cluster, before, others)


def _check_words(wish: Wish) -> None:
    if not valid_name(wish.name):
        raise RefusedError(
            INVALID_NAME,
            f"{wish.name!r} cannot be a cluster's name: use at most 63 small letters, digits and dashes, starting and "
            "ending with a letter or digit",
        )
    for namespace in wish.namespaces:
        if not valid_name(namespace):
            raise RefusedError(INVALID_NAMESPACE, f"{namespace!r} cannot be the name of a namespace")
    networks.parse(wish.pod_cidrs)
    networks.parse(wish.import_cidrs)
    networks.parse(wish.service_cidrs)


async def initialised(hub: Api) -> FleetRecord:
    """The record of the hub's fleet.

    Raises:
        RefusedError: It holds none.
    """
    try:
        return await record.load(hub)
    except NotFoundError:
        await check_not_ending(hub)
        raise RefusedError(
            NOT_INITIALISED, f"{hub.server} holds no fleet; make it the hub with `landbridge fleet init` first"
        ) from None


async def check_not_ending(hub: Api) -> None:
    """A hub whose namespace is being deleted is held up by what only a controller would let go.

    Raises:
        RefusedError: It is.
    """
    try:
        found = await hub.get(NAMESPACES, SYSTEM_NAMESPACE)
    except (NotFoundError, ForbiddenError):
        return
    if found.metadata.deletion_timestamp:
        raise RefusedError(
            LEAVING,
            f"namespace {SYSTEM_NAMESPACE} on the hub {hub.server} is being deleted, and the fleet with it: stop the "
            "controller and run `landbridge fleet destroy`, which finishes that and says what stays in members; then "
            "`landbridge fleet init`",
        )


async def _check_namespace(member: Api) -> None:
    """A namespace that is just being deleted would swallow what is made in it."""
    try:
        found = await member.get(NAMESPACES, SYSTEM_NAMESPACE)
    except NotFoundError:
        return
    if found.metadata.deletion_timestamp:
        raise RefusedError(
            LEAVING, f"namespace {SYSTEM_NAMESPACE} in {member.server} is being deleted; try again when it is gone"
        )


def _same(name: str, uid: str, known: Sequence[Entry]) -> Entry | None:
    """The member that joins again, if that is what happens."""
    _check_uid(name, uid, known)
    before = next((member for member in known if member.name == name), None)
    if before is None:
        return None
    if before.leaving:
        raise RefusedError(LEAVING, f"cluster {name} is leaving; wait for that, see `landbridge fleet leave {name}`")
    if before.uid != uid:
        raise RefusedError(
            NAME_TAKEN, f"another cluster is called {name}; choose another name, or let that one leave first"
        )
    return before


def _check_uid(name: str, uid: str, known: Iterable[Entry]) -> None:
    for member in known:
        if member.uid == uid and member.name != name:
            raise RefusedError(
                SAME_CLUSTER, f"this cluster is already a member, called {member.name}; a second name would double it"
            )


def _namespaces(wish: Wish, stored: Cluster | None) -> frozenset[str]:
    if wish.all_namespaces:
        return frozenset()
    return wish.namespaces or (stored.namespaces if stored else frozenset())
