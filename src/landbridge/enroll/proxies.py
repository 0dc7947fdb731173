"""The proxy through which the controller reaches a cluster: what a person gives, or what is stored."""

from __future__ import annotations

from landbridge.fleet.refusal import RefusedError
from landbridge.kube.config import ServerConfig
from landbridge.kube.proxy import told, wrong_proxy

INVALID_PROXY = "InvalidProxy"

DIRECT = "direct"
"""Given in place of a URL: through none any more."""


def wished(proxy: str, stored: ServerConfig | None = None) -> str | None:
    """What ``--proxy`` says, or else what is ``stored``. A person's own proxy is no matter of the controller.

    Raises:
        RefusedError: It cannot be used.
    """
    if not proxy:
        return stored.proxy if stored else None
    if proxy == DIRECT:
        return None
    if wrong := wrong_proxy(proxy):
        raise RefusedError(INVALID_PROXY, f"--proxy cannot be used: {wrong}")
    return proxy


def reached(controller: ServerConfig, person: ServerConfig) -> str:
    """How the controller reaches a cluster, for ``person`` who may go another way. No passwords."""
    if controller.proxy:
        return f"at {controller.server} through proxy {told(controller.proxy)}"
    if person.proxy:
        return f"at {controller.server}, without your proxy {told(person.proxy)} (with one: --proxy)"
    return f"at {controller.server}"
