"""The command that mends what was found; pure."""

from __future__ import annotations

import re

from landbridge.api.meta import Key

_TOLD = re.compile(r"\brun: (?P<command>[^;]+)")
_TELLING = frozenset({"NoCluster", "NoNamespace", "NoService", "NotExported"})
"""Reasons whose message names the command. In others a cluster has its say, and nobody is to run what that tells."""

_JOIN = "landbridge fleet join {cluster} --context <its context>"
_LIST = "landbridge fleet list"
_EDIT = "kubectl --context {cluster} -n {namespace} edit service {name}"
_SLICES = "kubectl --context {cluster} -n {namespace} get endpointslices -l kubernetes.io/service-name={name}"
MENDS = {
    "NotSeen": _LIST,
    "Stale": _LIST,
    "Troubled": _LIST,
    "Forbidden": _JOIN,
    "NamespaceBarred": f"{_JOIN} --namespace {{namespace}}",
    "ReservedNamespace": "kubectl -n {namespace} delete multiclusterservice {name}",
    "ReservedService": "kubectl -n {namespace} delete multiclusterservice {name}",
    "NoController": "landbridge controller --kubeconfig <what `fleet init` wrote>",
    "Unexplained": "landbridge fleet sweep {cluster} --context <its context> --dry-run",
    "NotFound": "kubectl -n {namespace} apply -f <MultiClusterService {name}>",
    "Behind": _SLICES,
    "LeftBehind": _SLICES,
    "NoEndpoints": _SLICES,
    "Pending": _SLICES,
    "Ending": "kubectl -n {namespace} get multiclusterservice {name} -o yaml",
    "OldStatus": "kubectl -n {namespace} get multiclusterservice {name} -o yaml",
    "InvalidServiceType": _EDIT,
    "HostnameConflict": "kubectl -n {namespace} edit multiclusterservice {name}",
    "AddressFiltered": f"{_JOIN.format(cluster='<provider>')} --pod-cidr <each of its networks>",
    "ForeignImports": "landbridge fleet sweep {cluster} --context <its context> --fleet <uid> --dry-run",
}


def remedy(reason: str, message: str, key: Key, cluster: str = "") -> str:
    """What to run: what the message says, or what is known of the reason; empty where neither helps."""
    if reason in _TELLING and (told := _TOLD.search(message)):
        return told["command"].strip()
    template = MENDS.get(reason) or (_EDIT if reason.endswith("Conflict") else "")
    return template.format(cluster=cluster or "<its context>", namespace=key.namespace, name=key.name)
