"""A hub and members in memory, for what real servers hardly ever do: fail at one request."""

from __future__ import annotations

import msgspec

from landbridge.api.core import CONFIG_MAPS, SERVICE_ACCOUNTS
from landbridge.api.discovery import SLICES
from landbridge.api.meta import Key
from landbridge.api.names import CLUSTER_LABEL, CLUSTER_UID, FLEET, MANAGER, SOURCE_CLUSTER
from landbridge.enroll.admission import Wish
from landbridge.enroll.join import Joined, join
from landbridge.enroll.progress import Report
from landbridge.fleet.cluster import encode
from landbridge.fleet.record import FleetRecord, render_record
from landbridge.kube.config import ServerConfig
from landbridge.kube.credentials import StaticToken
from tests.silence import silent
from tests.unit.fleet.tokens_for_tests import jwt
from tests.unit.memory_api import Body, MemoryApi
from tests.unit.objects import slice_

SYSTEM = "/api/v1/namespaces/landbridge-system"
ACCOUNT = f"{SYSTEM}/serviceaccounts/landbridge-sync"
SECRET = f"{SYSTEM}/secrets/cluster-oldcluster"
TOKEN = jwt(0, 86_400)

ARGOCD = "/api/v1/namespaces/argocd"
REGISTRATION = f"{ARGOCD}/secrets/cluster-oldcluster"
KUBE_SYSTEM = "/api/v1/namespaces/kube-system"
ARGOCD_SECRET = f"{KUBE_SYSTEM}/secrets/landbridge-argocd"
ARGOCD_ACCOUNT = f"{KUBE_SYSTEM}/serviceaccounts/landbridge-argocd"
ARGOCD_BINDING = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/landbridge-argocd"
ENDLESS = "an-endless-token"
WITH_ARGOCD = Wish("oldcluster", pod_cidrs=("10.1.0.0/16",), argocd=True)


class TokenController(MemoryApi):
    """Fills a Secret that asks for a service account's token, as a control plane does."""

    at_work = True

    def put(self, path: str, body: Body) -> None:
        if self.at_work and body.get("type") == "kubernetes.io/service-account-token":
            meta = body["metadata"]
            account = meta["annotations"]["kubernetes.io/service-account.name"]
            owner = self.objects[SERVICE_ACCOUNTS.path("kube-system", account)]["metadata"]["uid"]
            notes = meta["annotations"] | {"kubernetes.io/service-account.uid": owner}
            data = {"token": encode(ENDLESS)}
            body = body | {"metadata": meta | {"annotations": notes}, "data": data}
        super().put(path, body)


def cluster(uid: str, server: str, version: str = "v1.36.4") -> TokenController:
    """A cluster that knows itself, and gives tokens."""
    api = TokenController(server, version)
    api.put(KUBE_SYSTEM, {"metadata": {"uid": uid}})
    api.answers["POST", f"{ACCOUNT}/token"] = {"spec": {"expirationSeconds": 1}, "status": {"token": TOKEN}}
    return api


async def fleet_hub() -> MemoryApi:
    """A hub without members."""
    api = cluster("hub", "https://hub:6443")
    await api.create(CONFIG_MAPS, render_record(FleetRecord("fleet-uid")))
    api.calls.clear()
    return api


def install_argocd(hub: MemoryApi) -> None:
    """An Argo CD on the hub, as far as the fleet sees it."""
    hub.put(ARGOCD, {})
    hub.put(f"{ARGOCD}/configmaps/argocd-cm", {"metadata": {"namespace": "argocd"}, "data": {"url": "https://cd"}})


def put_secret(
    hub: MemoryApi, name: str, values: dict[str, str], uid: str = "", labels: dict[str, str] | None = None
) -> None:
    """A cluster Secret in Argo CD's namespace; with a ``uid``, one that is marked as ours."""
    meta = {
        "namespace": "argocd",
        "labels": {CLUSTER_LABEL: "cluster"} if labels is None else labels,
        "annotations": {CLUSTER_UID: uid} if uid else {},
    }
    hub.put(
        f"{ARGOCD}/secrets/{name}", {"metadata": meta, "data": {key: encode(value) for key, value in values.items()}}
    )


def put_import(member: MemoryApi, fleet: str, number: int = 0) -> None:
    """An import from `newcluster` of Service `shop/web<number>`, by the labels of a fleet."""
    labels = {FLEET: fleet, SOURCE_CLUSTER: "newcluster"}
    import_ = slice_(f"{fleet}-{number}", key=Key("shop", f"web{number}"), manager=MANAGER, labels=labels)
    member.put(SLICES.path("shop", import_.metadata.name), msgspec.json.decode(SLICES.encode(import_)))


async def join_in_memory(
    hub: MemoryApi,
    member: MemoryApi,
    wish: Wish | None = None,
    report: Report = silent,
    *,
    dry_run: bool = False,
    seen: list[tuple[str, str | None]] | None = None,
) -> Joined:
    """Join, with a connection that is the member itself; ``seen`` gets addresses and tokens."""
    wanted = wish or Wish("oldcluster", pod_cidrs=("10.1.0.0/16",))

    def connect(config: ServerConfig, token: StaticToken) -> MemoryApi:
        if seen is not None:
            seen.append((config.server, token.value))
        return member

    return await join(hub, member, ServerConfig(member.server), wanted, report, dry_run=dry_run, connect=connect)
