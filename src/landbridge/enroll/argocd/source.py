"""A cluster that Argo CD knows, as something to connect to: for one command, by the credentials that Argo CD has."""

from __future__ import annotations

from landbridge.api.core import SECRETS, Secret
from landbridge.api.names import ARGOCD_NAMESPACE, CLUSTER_LABEL, CLUSTER_LABEL_VALUE, CLUSTER_UID
from landbridge.enroll.argocd.clusters import known_clusters
from landbridge.enroll.argocd.installed import require_argocd
from landbridge.fleet.settings import (
    MALFORMED,
    MISSING,
    Reader,
    RefusedClusterError,
    bearer_token,
    check_server,
    data,
    open_settings,
    proxy,
    server_name,
)
from landbridge.kube.api import Api
from landbridge.kube.config import ConfigError, ServerConfig
from landbridge.kube.credentials import ssl_context
from landbridge.kube.errors import NotFoundError

OWN_REGISTRATION = "OwnRegistration"

READER = Reader(
    takes=("bearerToken", "proxyUrl"),
    tls=("certData", "keyData", "caData", "serverName"),
    passes=frozenset({"disableCompression"}),
)
"""What a person's command takes: more than the controller, since it ends with the command."""


async def read_source(hub: Api, name: str, server: str = "") -> ServerConfig:
    """How to reach the cluster of a Secret of Argo CD, at another address if ``server`` is given. Keep none of it.

    What ``join`` made is no source: its address may be one for Argo CD alone, and leaving would take away its token.

    Raises:
        RefusedError: There is no such Secret, or it says more, or less, than how to be somebody at an API server.
        KubeError: The hub refused, or gave no answer.
    """
    secret = await _find(hub, name)
    try:
        if CLUSTER_UID in secret.metadata.annotations:
            raise RefusedClusterError(OWN_REGISTRATION, "`join --argocd` made it for Argo CD, of a cluster that joined")
        return read_config(secret, server)
    except RefusedClusterError as error:
        raise RefusedClusterError(
            error.reason, f"Secret {ARGOCD_NAMESPACE}/{name}: {error}; or give a context with --context instead"
        ) from error


async def _find(hub: Api, name: str) -> Secret:
    try:
        return await hub.get(SECRETS, name, ARGOCD_NAMESPACE)
    except NotFoundError:
        await require_argocd(hub)
        known = ", ".join(cluster.meta.name for cluster in await known_clusters(hub)) or "none"
        raise RefusedClusterError(
            MISSING, f"no Secret {name} in namespace {ARGOCD_NAMESPACE} on the hub; cluster Secrets there: {known}"
        ) from None


def read_config(secret: Secret, server: str = "") -> ServerConfig:
    """What a Secret says, checked as far as it can be without a connection.

    Raises:
        RefusedClusterError: It is incomplete or malformed, or says more than may be used.
    """
    if secret.metadata.labels.get(CLUSTER_LABEL) != CLUSTER_LABEL_VALUE:
        raise RefusedClusterError(MISSING, f"it has no label {CLUSTER_LABEL}={CLUSTER_LABEL_VALUE}: not a cluster")
    settings, tls = open_settings(_required(secret, "config"), READER)
    address = server or _required(secret, "server").strip().rstrip("/")
    check_server(address, "--server" if server else "`server`")
    config = ServerConfig(
        server=address,
        ca=data(tls, "caData"),
        tls_server_name=server_name(tls),
        token=bearer_token(settings) or None,
        client_cert=data(tls, "certData"),
        client_key=data(tls, "keyData"),
        proxy=proxy(settings),
    )
    _check_credentials(config)
    return config


def _required(secret: Secret, key: str) -> str:
    try:
        value = secret.text(key)
    except ValueError as error:
        raise RefusedClusterError(MALFORMED, f"`{key}` is not text in base64") from error
    if not value:
        raise RefusedClusterError(MISSING, f"it has no `{key}`")
    return value


def _check_credentials(config: ServerConfig) -> None:
    if bool(config.client_cert) != bool(config.client_key):
        raise RefusedClusterError(MISSING, "`config` has one of certData and keyData, which need each other")
    if not config.token and not config.client_cert:
        raise RefusedClusterError(
            MISSING, "`config` has no credentials: neither a bearerToken, nor certData and keyData"
        )
    try:
        ssl_context(config)
    except ConfigError as error:
        raise RefusedClusterError(MALFORMED, str(error)) from error
