"""The controller's own kubeconfig: the hub's address and CA, and a token, all in the file."""

from __future__ import annotations

import base64

import yaml

from landbridge.api.names import HUB_ACCOUNT
from landbridge.kube.config import ServerConfig


def render_kubeconfig(config: ServerConfig, token: str) -> str:
    """A kubeconfig of one context, for ``config``'s server and the hub's account."""
    cluster = {"server": config.server}
    if config.ca:
        cluster["certificate-authority-data"] = base64.b64encode(config.ca).decode()
    if config.tls_server_name:
        cluster["tls-server-name"] = config.tls_server_name
    if config.proxy:
        cluster["proxy-url"] = config.proxy
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "hub",
        "contexts": [{"name": "hub", "context": {"cluster": "hub", "user": HUB_ACCOUNT}}],
        "clusters": [{"name": "hub", "cluster": cluster}],
        "users": [{"name": HUB_ACCOUNT, "user": {"token": token}}],
    }
    return yaml.safe_dump(document, sort_keys=False)
