"""The ``config`` of a cluster Secret: how to be trusted by, and to trust, an API server; JSON as Argo CD defines it.

A kubeconfig is code: an exec plugin runs commands, a file path reads the reader's disk. So each reader has a list of
what it takes, and anything else is refused.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from landbridge.fleet.refusal import RefusedError
from landbridge.kube.address import flaw, usable_host, usable_token
from landbridge.kube.config import ConfigError, ServerConfig, unwrapped
from landbridge.kube.credentials import ssl_context
from landbridge.kube.proxy import wrong_proxy

EXEC_PLUGIN = "ExecPlugin"
FILE_PATH = "FilePath"
INSECURE = "Insecure"
BASIC_AUTH = "BasicAuth"
MISSING = "Missing"
MALFORMED = "Malformed"
UNSUPPORTED = "Unsupported"

_COMMAND = (EXEC_PLUGIN, "it would run a command")
_PASSWORD = (BASIC_AUTH, "passwords are not supported")
_REFUSALS = {
    "execProviderConfig": _COMMAND,
    "awsAuthConfig": _COMMAND,
    "username": _PASSWORD,
    "password": _PASSWORD,
}


@dataclass(frozen=True)
class Reader:
    """What one reader of `config` takes; all that it neither takes nor passes over is refused."""

    takes: tuple[str, ...]
    tls: tuple[str, ...]
    """What of tlsClientConfig."""
    passes: frozenset[str] = frozenset()
    """Says nothing of how to reach the cluster, or who to be there."""
    refusals: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Reason and cause, where there is more to say than that something is not supported."""


CONTROLLER = Reader(
    takes=("bearerToken", "proxyUrl"),
    tls=("caData", "serverName"),
    refusals=dict.fromkeys(("certData", "keyData"), (UNSUPPORTED, "a client certificate cannot be renewed or revoked")),
)
"""What the controller loads, from then on and for as long as the cluster is a member."""


class RefusedClusterError(RefusedError):
    """A cluster Secret that is not used; its reason is one of the constants of this module."""


def render_settings(config: ServerConfig, token: str) -> str:
    """The JSON to store."""
    tls: dict[str, Any] = {"insecure": False}
    if config.ca:
        tls["caData"] = base64.b64encode(config.ca).decode()
    if config.tls_server_name:
        tls["serverName"] = config.tls_server_name
    proxy = {"proxyUrl": config.proxy} if config.proxy else {}
    return msgspec.json.encode({"bearerToken": token, "tlsClientConfig": tls, **proxy}).decode()


def read_settings(server: str, text: str) -> tuple[ServerConfig, str]:
    """The server and the token that stored JSON names; the token is not in the configuration, since it changes.

    Raises:
        RefusedClusterError: Something is missing, malformed, or would be more than an address, a CA and a token.
    """
    settings, tls = open_settings(text, CONTROLLER)
    check_server(server)
    config = ServerConfig(server, data(tls, "caData"), server_name(tls), proxy=proxy(settings))
    _check_ca(config)
    again = "; run `landbridge fleet join` again"
    token = bearer_token(settings, again)
    if not token:
        raise RefusedClusterError(MISSING, f"`config` has no bearerToken{again}")
    return config, token


def _check_ca(config: ServerConfig) -> None:
    if not config.ca:
        return
    try:
        ssl_context(config)
    except ConfigError as error:
        raise RefusedClusterError(MALFORMED, f"caData in `config` cannot be used: {error}") from error


def open_settings(text: str, reader: Reader) -> tuple[dict[str, Any], dict[str, Any]]:
    """What JSON says, and what it says of TLS.

    Raises:
        RefusedClusterError: It is malformed, or says more than ``reader`` takes.
    """
    settings = _decode(text)
    tls = settings.get("tlsClientConfig") or {}
    if not isinstance(tls, dict):
        raise RefusedClusterError(MALFORMED, "tlsClientConfig in `config` is not an object")
    others = {name: value for name, value in settings.items() if name != "tlsClientConfig"}
    _check_allowed(others, {*reader.takes, *reader.passes}, reader)
    _check_allowed(tls, reader.tls, reader)
    return settings, tls


def _decode(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise RefusedClusterError(MALFORMED, "`config` is not a JSON object") from error


def _check_allowed(settings: Mapping[str, Any], allowed: Collection[str], reader: Reader) -> None:
    for name, value in settings.items():
        if not value or name in allowed:
            continue
        if name == "insecure":
            raise RefusedClusterError(INSECURE, "`config` switches TLS verification off; give the CA in caData instead")
        unknown = (FILE_PATH if name.endswith("File") else UNSUPPORTED, "it is not supported")
        reason, why = reader.refusals.get(name) or _REFUSALS.get(name, unknown)
        taken = f"{', '.join(reader.takes)}, and {', '.join(reader.tls)} in tlsClientConfig"
        raise RefusedClusterError(reason, f"`config` sets {name}: {why}; only {taken} are read")


def check_server(server: str, where: str = "`server`") -> None:
    """Raise unless it is an https URL of a host, and nothing more that could carry a secret or go elsewhere.

    ``where`` is what holds it, for the person who has to mend it.
    """
    if wrong := flaw(server):
        raise RefusedClusterError(MALFORMED, f"{where} cannot be used: {wrong}")


def bearer_token(settings: Mapping[str, Any], mend: str = "") -> str:
    """The token, empty where there is none; ``mend`` ends the message.

    White space around it is what an editor or ``echo`` left in a Secret made by hand.

    Raises:
        RefusedClusterError: No header can carry it.
    """
    value = settings.get("bearerToken")
    token = value.strip() if isinstance(value, str) else ""
    if token and not usable_token(token):
        raise RefusedClusterError(
            MALFORMED, f"bearerToken in `config` holds white space, or characters that no token has{mend}"
        )
    return token


def proxy(settings: Mapping[str, Any]) -> str | None:
    """The URL of the proxy on the way to the cluster.

    Raises:
        RefusedClusterError: It is none that can be used.
    """
    value = settings.get("proxyUrl")
    if not value:
        return None
    if not isinstance(value, str) or (wrong := wrong_proxy(value)):
        raise RefusedClusterError(
            MALFORMED, f"proxyUrl in `config` cannot be used: {wrong if isinstance(value, str) else 'it is no text'}"
        )
    return value


def data(tls: Mapping[str, Any], name: str) -> bytes | None:
    """The bytes that a value holds in base64.

    Raises:
        RefusedClusterError: It is not base64.
    """
    value = tls.get(name)
    if not value:
        return None
    try:
        return unwrapped(str(value))
    except ValueError as error:  # binascii's is one, and so is that of text beyond ASCII
        raise RefusedClusterError(MALFORMED, f"{name} in `config` is not base64") from error


def server_name(tls: Mapping[str, Any]) -> str | None:
    """The name that the server's certificate has to have, if not that of the address.

    Raises:
        RefusedClusterError: It is not the name of a host.
    """
    name = tls.get("serverName")
    if not name:
        return None
    if not isinstance(name, str) or not usable_host(name):
        raise RefusedClusterError(MALFORMED, "serverName in `config` is not the name of a host")
    return name
