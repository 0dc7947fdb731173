"""Kubeconfig files of a person, merged as kubectl does, read into the address and credentials of one server."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from landbridge.kube.address import flaw, usable_host, usable_token
from landbridge.kube.errors import KubeError


class ConfigError(KubeError):
    """A kubeconfig that cannot be used; the text says what to change."""


@dataclass(frozen=True)
class ExecPlugin:
    """A command that prints an ExecCredential (client.authentication.k8s.io v1 or v1beta1)."""

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    api_version: str = "client.authentication.k8s.io/v1"


@dataclass(frozen=True)
class ServerConfig:
    """How to reach and to trust one API server, and who to be there. Secrets do not show in its repr."""

    server: str
    ca: bytes | None = None
    """PEM of the CA; ``None`` means the machine's own."""
    tls_server_name: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    exec_plugin: ExecPlugin | None = None
    client_cert: bytes | None = field(default=None, repr=False)
    client_key: bytes | None = field(default=None, repr=False)

    def anonymous(self) -> ServerConfig:
        """Address and trust, with nobody's credentials."""
        return ServerConfig(self.server, self.ca, self.tls_server_name)


def load(context: str | None = None, kubeconfig: Path | None = None) -> ServerConfig:
    """Read a context (``None``: the current one) of ``kubeconfig``, or of $KUBECONFIG, or of ~/.kube/config.

    Raises:
        ConfigError: No such file or context, or one that would switch off TLS verification.
    """
    paths = [kubeconfig] if kubeconfig else _default_paths()
    merged = _merge(paths)
    name = context or merged["current-context"]
    entry = merged["contexts"].get(name)
    if entry is None:
        known = ", ".join(sorted(merged["contexts"])) or "none"
        where = ", ".join(map(str, paths))
        raise ConfigError(f"no context {name or '(current)'!r} in {where}; contexts there: {known}")
    return _server_config(
        name, merged["clusters"].get(entry.get("cluster"), {}), merged["users"].get(entry.get("user"), {})
    )


def _default_paths() -> list[Path]:
    """Of the listed files those that exist, as kubectl does; when none does, the first, to name it."""
    listed = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [path for path in listed if path.exists()] or listed[:1] or [Path.home() / ".kube" / "config"]


def _merge(paths: list[Path]) -> dict[str, Any]:
    """As kubectl merges: for each name, the first file that has it wins."""
    merged: dict[str, Any] = {"current-context": "", "contexts": {}, "clusters": {}, "users": {}}
    for path in paths:
        document = _read(path)
        merged["current-context"] = merged["current-context"] or document.get("current-context", "")
        for plural in ("contexts", "clusters", "users"):
            for item in document.get(plural) or ():
                merged[plural].setdefault(item["name"], _absolute(item.get(plural[:-1]) or {}, path.parent))
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigError(f"cannot read kubeconfig {path}: {error.strerror}; give another with --kubeconfig") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"kubeconfig {path} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"kubeconfig {path} is not a mapping; is it the right file?")
    return document


_UNSUPPORTED = frozenset({"username", "password", "auth-provider", "as", "as-uid", "as-groups", "as-user-extra"})
"""Would be ignored, and somebody else be who acts."""

_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


def _absolute(item: dict[str, Any], folder: Path) -> dict[str, Any]:
    """File names in a kubeconfig are relative to it; so is a plugin's, unless it is a plain name to find on PATH."""
    files = {key: str(folder / item[key]) for key in _FILES if item.get(key)}
    plugin = item.get("exec")
    if plugin and os.sep in plugin.get("command", ""):
        files["exec"] = plugin | {"command": str((folder / plugin["command"]).absolute())}
    return item | files


def _server_config(context: str, cluster: dict[str, Any], user: dict[str, Any]) -> ServerConfig:
    server = cluster.get("server")
    if not server:
        raise ConfigError(f"context {context!r} names no cluster with a server")
    if wrong := flaw(str(server)):
        raise ConfigError(
            f"the server of context {context!r} cannot be used: {wrong}; give the API server's own address, not that "
            "of `kubectl proxy`"
        )
    if cluster.get("insecure-skip-tls-verify"):
        raise ConfigError(
            f"context {context!r} sets insecure-skip-tls-verify; TLS is always verified: give its CA in "
            "certificate-authority-data instead"
        )
    if cluster.get("proxy-url"):
        raise ConfigError(f"context {context!r} sets proxy-url, which is not supported: use a direct address")
    if unknown := sorted(_UNSUPPORTED & user.keys()):
        raise ConfigError(
            f"the user of context {context!r} sets {', '.join(unknown)}, which is not supported: use a token, an exec "
            "plugin or a client certificate"
        )
    return ServerConfig(
        server=server.rstrip("/"),
        ca=_data(cluster, "certificate-authority"),
        tls_server_name=_server_name(context, cluster.get("tls-server-name")),
        token=_token(context, user.get("token")),
        token_file=Path(user["tokenFile"]) if user.get("tokenFile") else None,
        exec_plugin=_exec_plugin(user.get("exec")),
        client_cert=_data(user, "client-certificate"),
        client_key=_data(user, "client-key"),
    )


def _server_name(context: str, name: object) -> str | None:
    if not name:
        return None
    if not isinstance(name, str) or not usable_host(name):
        raise ConfigError(f"tls-server-name of context {context!r} is not the name of a host")
    return name


def _token(context: str, value: object) -> str | None:
    token = str(value or "").strip()
    if token and not usable_token(token):
        raise ConfigError(f"the token of context {context!r} holds white space, or characters that no token has")
    return token or None


def _data(item: dict[str, Any], key: str) -> bytes | None:
    if inline := item.get(f"{key}-data"):
        try:
            return base64.b64decode(inline)
        except binascii.Error as error:
            raise ConfigError(f"{key}-data is not base64: {error}") from error
    if path := item.get(key):
        try:
            return Path(path).read_bytes()
        except OSError as error:
            raise ConfigError(f"cannot read {key} {path}: {error.strerror}") from error
    return None


def _exec_plugin(spec: dict[str, Any] | None) -> ExecPlugin | None:
    if not spec:
        return None
    env = {pair["name"]: pair["value"] for pair in spec.get("env") or ()}
    return ExecPlugin(
        spec["command"], tuple(spec.get("args") or ()), env, spec.get("apiVersion", ExecPlugin.api_version)
    )
