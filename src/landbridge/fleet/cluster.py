"""A member of the fleet, and its Secret on the hub, in the format of Argo CD so that both can share a fleet."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from landbridge.api.core import Secret
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import (
    CLUSTER_LABEL,
    CLUSTER_LABEL_VALUE,
    CLUSTER_UID,
    FINALIZER,
    IMPORT_CIDRS,
    POD_CIDRS,
    SERVICE_CIDRS,
    SYSTEM_NAMESPACE,
)
from landbridge.fleet.settings import MALFORMED, MISSING, RefusedClusterError, read_settings, render_settings
from landbridge.kube.config import ServerConfig

CLUSTER_SELECTOR = f"{CLUSTER_LABEL}={CLUSTER_LABEL_VALUE}"
"""Label selector of cluster Secrets."""

PREFIX = "cluster-"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Cluster:
    """A member: how to reach it, who to be there, and what it allows."""

    name: str
    """Its id in the fleet, a DNS label."""
    config: ServerConfig
    """Address and CA, without credentials: a change of it means a new connection."""
    token: str = field(repr=False)
    """Bearer token as last stored."""
    namespaces: frozenset[str] = frozenset()
    """Allowed namespaces; empty means all."""
    pod_cidrs: tuple[str, ...] = ()
    """Networks of its pods, as declared at join."""
    service_cidrs: tuple[str, ...] = ()
    """Networks of its Services, as declared at join."""
    import_cidrs: tuple[str, ...] = ()
    """Networks that may be imported from there, as its admission policy holds us to; empty means all but its own."""
    uid: str = ""
    """uid of its kube-system namespace: the same cluster, whatever it is called."""
    meta: ObjectMeta = field(default_factory=ObjectMeta)
    """Metadata of its Secret."""

    @property
    def leaving(self) -> bool:
        """Whether its Secret is being deleted: everything of ours in it, and from it, has to go."""
        return self.meta.deletion_timestamp is not None

    def allows(self, namespace: str) -> bool:
        """Whether Services of this namespace may be joined there (rule S14)."""
        return not self.namespaces or namespace in self.namespaces


def valid_name(name: str) -> bool:
    """Whether a cluster can be called so: it becomes part of names and a label's value."""
    return _NAME.fullmatch(name) is not None


def cluster_secret(cluster: Cluster) -> Secret:
    """The Secret that says all of a member; ``read_cluster`` is its inverse. Its finalizer is rule S11."""
    values = {
        "name": cluster.name,
        "server": cluster.config.server,
        "config": render_settings(cluster.config, cluster.token),
        "namespaces": ",".join(sorted(cluster.namespaces)),
    }
    meta = ObjectMeta(
        name=f"{PREFIX}{cluster.name}",
        namespace=SYSTEM_NAMESPACE,
        labels={CLUSTER_LABEL: CLUSTER_LABEL_VALUE},
        annotations={
            POD_CIDRS: ",".join(cluster.pod_cidrs),
            CLUSTER_UID: cluster.uid,
            **_networks_said(SERVICE_CIDRS, cluster.service_cidrs),
            **_networks_said(IMPORT_CIDRS, cluster.import_cidrs),
        },
        finalizers=(FINALIZER,),
    )
    return Secret(metadata=meta, data={key: encode(value) for key, value in values.items() if value})


def _networks_said(annotation: str, cidrs: tuple[str, ...]) -> dict[str, str]:
    return {annotation: ",".join(cidrs)} if cidrs else {}


def encode(value: str) -> str:
    """A value as a Secret's data hold it."""
    return base64.b64encode(value.encode()).decode()


def read_cluster(secret: Secret) -> Cluster:
    """The member that a Secret describes.

    Raises:
        RefusedClusterError: The Secret is incomplete, or says more than may be loaded; or it cannot be read for a
            reason that nobody foresaw, which must not be the trouble of others (rule S15).
    """
    try:
        return _read(secret)
    except RefusedClusterError:
        raise
    except Exception as error:
        raise RefusedClusterError(MALFORMED, f"the Secret cannot be read ({type(error).__name__})") from error


def _read(secret: Secret) -> Cluster:
    name, server = _required(secret, "name"), _required(secret, "server")
    if not valid_name(name) or secret.metadata.name != f"{PREFIX}{name}":
        raise RefusedClusterError(
            MALFORMED, f"`name` is {name!r}: it must be a DNS label, and the Secret be named {PREFIX}<name>"
        )
    config, token = read_settings(server, _required(secret, "config"))
    annotations = secret.metadata.annotations
    return Cluster(
        name=name,
        config=config,
        token=token,
        namespaces=frozenset(_split(_text(secret, "namespaces"))),
        pod_cidrs=_networks(POD_CIDRS, annotations),
        service_cidrs=_networks(SERVICE_CIDRS, annotations),
        import_cidrs=_networks(IMPORT_CIDRS, annotations),
        uid=annotations.get(CLUSTER_UID, ""),
        meta=secret.metadata,
    )


def _required(secret: Secret, key: str) -> str:
    if value := _text(secret, key):
        return value
    raise RefusedClusterError(MISSING, f"the Secret has no `{key}`")


def _text(secret: Secret, key: str) -> str:
    try:
        return secret.text(key)
    except ValueError as error:  # not base64, or not text
        raise RefusedClusterError(MALFORMED, f"`{key}` is not text in base64") from error


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _networks(annotation: str, annotations: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(part)) for part in _split(annotations.get(annotation, "")))
    except ValueError as error:
        raise RefusedClusterError(MALFORMED, f"annotation {annotation}: {error}") from error
