"""The ``config`` of a cluster Secret: how to be trusted by, and to trust, an API server; JSON as Argo CD defines it.

A kubeconfig is code: an exec plugin runs commands, a file path reads the controller's disk. So this is a list of what
is allowed, and anything else is refused.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from landbridge.fleet.refusal import RefusedError
from landbridge.kube.address import flaw, usable_host, usable_token
from landbridge.kube.config import ServerConfig

EXEC_PLUGIN = "ExecPlugin"
FILE_PATH = "FilePath"
INSECURE = "Insecure"
BASIC_AUTH = "BasicAuth"
MISSING = "Missing"
MALFORMED = "Malformed"
UNSUPPORTED = "Unsupported"

_ALLOWED = frozenset({"bearerToken", "tlsClientConfig", "caData", "serverName", "insecure"})
_REFUSALS = {
    "execProviderConfig": (EXEC_PLUGIN, "it would run a command in the controller"),
    "awsAuthConfig": (EXEC_PLUGIN, "it would run a command in the controller"),
    "username": (BASIC_AUTH, "passwords are not supported"),
    "password": (BASIC_AUTH, "passwords are not supported"),
    "certData": (UNSUPPORTED, "a client certificate cannot be renewed or revoked"),
    "keyData": (UNSUPPORTED, "a client certificate cannot be renewed or revoked"),
}


class RefusedClusterError(RefusedError):
    """A cluster Secret that is not used; its reason is one of the constants of this module."""


def render_settings(config: ServerConfig, token: str) -> str:
    """The JSON to store."""
    tls: dict[str, Any] = {"insecure": False}
    if config.ca:
        tls["caData"] = base64.b64encode(config.ca).decode()
    if config.tls_server_name:
        tls["serverName"] = config.tls_server_name
    return msgspec.json.encode({"bearerToken": token, "tlsClientConfig": tls}).decode()


def read_settings(server: str, text: str) -> tuple[ServerConfig, str]:
    """The server and the token that stored JSON names; the token is not in the configuration, since it changes.

    Raises:
        RefusedClusterError: Something is missing, malformed, or would be more than an address, a CA and a token.
    """
    settings = _decode(text)
    tls = settings.get("tlsClientConfig") or {}
    if not isinstance(tls, dict):
        raise RefusedClusterError(MALFORMED, "tlsClientConfig in `config` is not an object")
    _check_allowed({**settings, **tls})
    check_server(server)
    config = ServerConfig(server, _certificate(tls.get("caData")), _server_name(tls.get("serverName")))
    return config, _token(settings.get("bearerToken"))


def _decode(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise RefusedClusterError(MALFORMED, "`config` is not a JSON object") from error


def _check_allowed(settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        if not value or name in _ALLOWED - {"insecure"}:
            continue
        if name == "insecure":
            raise RefusedClusterError(INSECURE, "`config` switches TLS verification off; give the CA in caData instead")
        reason, why = _REFUSALS.get(name, (FILE_PATH if name.endswith("File") else UNSUPPORTED, "it is not supported"))
        raise RefusedClusterError(
            reason, f"`config` sets {name}: {why}; only bearerToken, caData and serverName are read"
        )


def check_server(server: str) -> None:
    """Raise unless it is an https URL of a host, and nothing more that could carry a secret or go elsewhere."""
    if wrong := flaw(server):
        raise RefusedClusterError(MALFORMED, f"`server` cannot be used: {wrong}")


def _token(value: object) -> str:
    """White space around it is what an editor or ``echo`` left in a Secret made by hand."""
    token = value.strip() if isinstance(value, str) else ""
    if not token:
        raise RefusedClusterError(MISSING, "`config` has no bearerToken; run `landbridge fleet join` again")
    if not usable_token(token):
        raise RefusedClusterError(
            MALFORMED,
            "bearerToken in `config` holds white space, or characters that no token has; run `landbridge fleet join` "
            "again",
        )
    return token


def _certificate(data: object) -> bytes | None:
    if not data:
        return None
    try:
        return base64.b64decode(str(data), validate=True)
    except binascii.Error as error:
        raise RefusedClusterError(MALFORMED, "caData in `config` is not base64") from error


def _server_name(name: object) -> str | None:
    if not name:
        return None
    if not isinstance(name, str) or not usable_host(name):
        raise RefusedClusterError(MALFORMED, "serverName in `config` is not the name of a host")
    return name
