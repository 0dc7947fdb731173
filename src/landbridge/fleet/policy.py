"""What a member's API server holds EndpointSlices to: two ValidatingAdmissionPolicies, the only source of them.

Roles can say which verbs an account has on slices, but not on whose slices, nor with which addresses. So one policy
holds *our account* to imports, and refuses what it cannot prove (`failurePolicy: Fail`). The other holds *tenants* off
the label by which a control plane knows its own slices, and which rule S2 trusts. There nothing but a plain No refuses:
an error lets the write pass (`Ignore`), for a refusal by mistake would stop the member's own Services.

Who a tenant is, rights say and not names: a control plane writes slices in all namespaces, whatever it is called there,
and a tenant only in his own (docs/adr/0020).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from landbridge.api.names import (
    CONTROL_PLANE_MANAGER,
    MANAGED_BY,
    MANAGER,
    PART_OF,
    PRODUCT,
    RESERVED_NAMESPACES,
    SERVICE_NAME,
    SYNC_ACCOUNT,
    SYSTEM_NAMESPACE,
)
from landbridge.fleet.rbac import Manifest

GROUP = "admissionregistration.k8s.io"
POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"

SYNC_POLICY = SYNC_ACCOUNT
"""Holds our account; called after it, since refusals name the policy."""

TENANT_POLICY = "landbridge-tenants"
"""Holds tenants off the control plane's label."""

OURS = {PART_OF: PRODUCT}
"""Labels of what `join` made, and may change; of another's policy of this name it keeps off."""

USER = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{SYNC_ACCOUNT}"

IMPORT_NAME = "^.+-[a-z2-7]{16}$"
"""How an import is called (rule S3); CEL cannot compute the hash that proves it."""


@dataclass(frozen=True)
class Limits:
    """What a member lets our account write, as declared when it joins."""

    namespaces: frozenset[str] = frozenset()
    """Empty means all, but those in which nothing is ever joined (rule S14)."""
    own: tuple[str, ...] = ()
    """Networks of the member itself: nothing of another cluster has an address in them."""
    imports: tuple[str, ...] = ()
    """Networks that may be imported from; empty means all others."""
    by_address: bool = True
    """Whether the API server can compare addresses (Kubernetes 1.31)."""


def manifests(limits: Limits) -> list[Manifest]:
    """Both policies, and what puts them into force, in the order to apply them."""
    return [
        _policy(SYNC_POLICY, "Holds Landbridge's account to imports", _sync(limits)),
        _policy(TENANT_POLICY, "Keeps tenants off the label of the control plane's EndpointSlices", _TENANTS),
        *(_binding(name) for name in (SYNC_POLICY, TENANT_POLICY)),
    ]


def _sync(limits: Limits) -> Manifest:
    checks = (_OLD, _NEW, _place(limits.namespaces), *(_addresses(limits) if limits.by_address else ()))
    return {
        "failurePolicy": "Fail",
        "matchConstraints": _slices("CREATE", "UPDATE", "DELETE"),
        "matchConditions": [{"name": "our-account", "expression": f"request.userInfo.username == {_text(USER)}"}],
        "variables": [*_VARIABLES, *(_networks(limits) if limits.by_address else ())],
        "validations": list(checks),
    }


def _slices(*operations: str, **more: object) -> Manifest:
    rule = {
        "apiGroups": ["discovery.k8s.io"],
        "apiVersions": ["v1"],
        "operations": list(operations),
        "resources": ["endpointslices"],
    }
    return {"resourceRules": [rule], **more}


def _text(value: object) -> str:
    """A value as CEL writes it: JSON's strings and lists of them are CEL's."""
    return json.dumps(value)


def _label(of: str, label: str) -> str:
    return f'{of}.metadata.?labels[?{_text(label)}].orValue("")'


def _check(expression: str, message: str) -> Manifest:
    return {"expression": expression, "message": message, "reason": "Forbidden"}


_VARIABLES = [
    {
        "name": "endpoints",
        "expression": "has(object.endpoints) && object.endpoints != null ? object.endpoints : []",
    },
    {
        "name": "less",  # taken away, or emptied while somebody's finalizer holds it: that routes nowhere
        "expression": 'request.operation == "DELETE"'
        ' || request.operation == "UPDATE" && size(variables.endpoints) == 0',
    },
]

_OLD = _check(
    f'request.operation == "CREATE" || {_label("oldObject", MANAGED_BY)} == {_text(MANAGER)}'
    f" || oldObject.metadata.name.matches({_text(IMPORT_NAME)})",
    "what is no import is not Landbridge's to change or delete",
)

_NEW = _check(
    'request.operation == "DELETE"'
    f" || {_label('object', MANAGED_BY)} == {_text(MANAGER)} && object.metadata.name.matches({_text(IMPORT_NAME)})"
    f" || variables.less && {_label('object', MANAGED_BY)} == {_label('oldObject', MANAGED_BY)}",
    "Landbridge writes nothing but imports, by their names and labels",
)


def _place(namespaces: Iterable[str]) -> Manifest:
    reserved = f"!(request.namespace in {_text(sorted(RESERVED_NAMESPACES))})"
    services = f'!(request.namespace == "default" && {_label("object", SERVICE_NAME)} == "kubernetes")'
    allowed = sorted(namespaces)
    some = f" && request.namespace in {_text(allowed)}" if allowed else ""
    return _check(
        f"variables.less || {reserved} && {services}{some}",
        "nothing is joined in this namespace; to allow it: landbridge fleet join, with --namespace",
    )


def _addresses(limits: Limits) -> Iterable[Manifest]:
    """Few passes over all addresses: each costs the API server 15 us for one of them."""
    yield _check('variables.less || object.addressType in ["IPv4", "IPv6"]', "an import has IP addresses")
    elsewhere = " && !variables.own.exists(n, n.containsIP(a))" if limits.own else ""
    yield _check(
        f"variables.less || {_each(f'ip(a).isGlobalUnicast(){elsewhere}')}",
        "an address is in this cluster's own networks, or no pod's (loopback, link-local, multicast)",
    )
    if limits.imports:
        yield _check(
            f"variables.less || {_each('variables.imports.exists(n, n.containsIP(a))')}",
            "an address is outside the --import-cidr of this cluster; join again to allow it",
        )


def _each(holds: str) -> str:
    return f"variables.endpoints.all(e, e.addresses.all(a, {holds}))"


def _networks(limits: Limits) -> Iterable[Manifest]:
    """Read once for each write, and not for each address."""
    for name, networks in (("own", limits.own), ("imports", limits.imports)):
        if networks:
            yield {"name": name, "expression": f"{_text(list(networks))}.map(n, cidr(n))"}


_TENANTS: Manifest = {
    "failurePolicy": "Ignore",
    "matchConstraints": _slices(
        "CREATE", "UPDATE", objectSelector={"matchLabels": {MANAGED_BY: CONTROL_PLANE_MANAGER}}
    ),
    "matchConditions": [
        {
            "name": "carries-the-label",  # and did not lose it just now
            "expression": f"{_label('object', MANAGED_BY)} == {_text(CONTROL_PLANE_MANAGER)}",
        }
    ],
    "validations": [
        _check(
            '[authorizer.group("discovery.k8s.io").resource("endpointslices").check("create")]'
            ".exists(everywhere, everywhere.allowed() || everywhere.errored())",
            f"{MANAGED_BY}={CONTROL_PLANE_MANAGER} is the control plane's: only who may create EndpointSlices in all "
            "namespaces may write it",
        )
    ],
}


def _policy(name: str, duty: str, spec: Manifest) -> Manifest:
    return {**_head(POLICY, name, annotations={"kubernetes.io/description": duty}), "spec": spec}


def _binding(name: str) -> Manifest:
    return {**_head(BINDING, name), "spec": {"policyName": name, "validationActions": ["Deny"]}}


def _head(kind: str, name: str, **meta: Any) -> Manifest:
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": name, "labels": OURS, **meta}}
