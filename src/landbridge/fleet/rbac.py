"""What Landbridge may do, and where: the only source of our Roles. Rendered into deploy/rbac, and applied by ``fleet``.

Each rule is used by the controller, and it needs no other: a test compares these with what API servers saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from landbridge.api.names import FLEET_RECORD, HUB_ACCOUNT, LEASE, SYNC_ACCOUNT, SYSTEM_NAMESPACE

RBAC = "rbac.authorization.k8s.io"
Manifest = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """Verbs on one resource: in the whole cluster, or only in our own namespace, or only on objects named there."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    system_only: bool = True
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """A service account with all that it may do."""

    name: str
    duty: str
    rules: tuple[Rule, ...]


MEMBER = Account(
    SYNC_ACCOUNT,
    "Landbridge in a member: reads Services, writes the EndpointSlices that other clusters provide",
    (
        Rule("discovery.k8s.io", "endpointslices", ("list", "watch", "create", "update", "delete"), system_only=False),
        Rule("", "services", ("list", "watch"), system_only=False),
        Rule("", "namespaces", ("list", "watch"), system_only=False),
        Rule("", "serviceaccounts/token", ("create",), names=(SYNC_ACCOUNT,)),
    ),
)

HUB = Account(
    HUB_ACCOUNT,
    "Landbridge on the hub: reads MultiClusterServices and cluster Secrets, writes status and Events",
    (
        Rule("networking.one.alibabacloud.com", "multiclusterservices", ("list", "watch", "patch"), system_only=False),
        Rule("networking.one.alibabacloud.com", "multiclusterservices/status", ("patch",), system_only=False),
        Rule("landbridge.dev", "servicemigrations", ("list", "watch"), system_only=False),
        Rule("events.k8s.io", "events", ("create", "patch"), system_only=False),
        Rule("", "secrets", ("list", "watch", "patch")),
        Rule("", "configmaps", ("get", "list", "watch", "update"), names=(FLEET_RECORD,)),
        Rule("coordination.k8s.io", "leases", ("create",)),
        Rule("coordination.k8s.io", "leases", ("get", "update"), names=(LEASE,)),
        Rule("", "serviceaccounts/token", ("create",), names=(HUB_ACCOUNT,)),
    ),
)


def manifests(account: Account) -> list[Manifest]:
    """The objects that make an account and give it its rules, in the order to apply them; without the namespace."""
    wide = [rule for rule in account.rules if rule.system_only is False]
    own = [rule for rule in account.rules if rule.system_only]
    return [
        _object("v1", "ServiceAccount", account, namespaced=True),
        _role(account, wide, namespaced=False),
        _binding(account, namespaced=False),
        _role(account, own, namespaced=True),
        _binding(account, namespaced=True),
    ]


def namespace() -> Manifest:
    """Our own namespace, the same on the hub and in members."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}}


def _object(api_version: str, kind: str, account: Account, *, namespaced: bool, **fields: object) -> Manifest:
    where = {"namespace": SYSTEM_NAMESPACE} if namespaced else {}
    meta = {"name": account.name, **where, "annotations": {"kubernetes.io/description": account.duty}}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **fields}


def _role(account: Account, rules: Sequence[Rule], *, namespaced: bool) -> Manifest:
    kind = "Role" if namespaced else "ClusterRole"
    return _object(f"{RBAC}/v1", kind, account, namespaced=namespaced, rules=list(_policy_rules(rules)))


def _policy_rules(rules: Sequence[Rule]) -> Iterable[Manifest]:
    for rule in rules:
        names = {"resourceNames": list(rule.names)} if rule.names else {}
        yield {"apiGroups": [rule.group], "resources": [rule.resource], **names, "verbs": list(rule.verbs)}


def _binding(account: Account, *, namespaced: bool) -> Manifest:
    kind = "Role" if namespaced else "ClusterRole"
    return _object(
        f"{RBAC}/v1",
        f"{kind}Binding",
        account,
        namespaced=namespaced,
        roleRef={"apiGroup": RBAC, "kind": kind, "name": account.name},
        subjects=[{"kind": "ServiceAccount", "name": account.name, "namespace": SYSTEM_NAMESPACE}],
    )
