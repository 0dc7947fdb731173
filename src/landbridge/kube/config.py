"""Kubeconfig files of a person, merged as kubectl does, read into the address and credentials of one server."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from landbridge.kube import files
from landbridge.kube.address import flaw, usable_host, usable_token
from landbridge.kube.document import DocumentError
from landbridge.kube.entries import ClusterEntry, ContextEntry, ExecEntry, KubeconfigFile, UserEntry, by_name, parsed
from landbridge.kube.errors import KubeError
from landbridge.kube.proxy import wrong_proxy
from landbridge.telemetry.text import shown


class ConfigError(KubeError):
    """A kubeconfig that cannot be used; the text says what to change."""


NEVER, IF_AVAILABLE, ALWAYS = "Never", "IfAvailable", "Always"


@dataclass(frozen=True)
class ExecPlugin:
    """A command that prints an ExecCredential (client.authentication.k8s.io v1 or v1beta1)."""

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    api_version: str = "client.authentication.k8s.io/v1"
    hint: str = ""
    """How to install it."""
    mode: str = IF_AVAILABLE
    """Whether it may ask a person: Never, IfAvailable or Always."""
    cluster: Mapping[str, Any] | None = field(default=None, repr=False)
    """What it wants to know of the cluster (``provideClusterInfo``)."""


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
    proxy: str | None = field(default=None, repr=False)
    """URL of the proxy on the way, maybe with a password; ``None`` means what the environment says."""

    def anonymous(self) -> ServerConfig:
        """Address, way and trust, with nobody's credentials."""
        return ServerConfig(self.server, self.ca, self.tls_server_name, proxy=self.proxy)


def load(context: str | None = None, kubeconfig: Path | None = None) -> ServerConfig:
    """Read a context (``None``: the current one) of ``kubeconfig``, or of $KUBECONFIG, or of ~/.kube/config.

    Raises:
        ConfigError: No such file or context, or one that would switch off TLS verification.
    """
    paths = [kubeconfig] if kubeconfig else _default_paths()
    merged = _merge(paths)
    name = context or merged.current
    if name not in merged.contexts:
        known = shown(", ".join(sorted(merged.contexts)) or "none")
        where = ", ".join(map(str, paths))
        raise ConfigError(f"no context {name or '(current)'!r} in {where}; contexts there: {known}")
    entry = merged.contexts[name]
    nothing = Path()
    cluster, of_cluster = merged.clusters.get(entry.cluster or "", (ClusterEntry(), nothing))
    user, of_user = merged.users.get(entry.user or "", (None, nothing))
    if user is None and entry.user:
        raise ConfigError(f"context {name!r} names user {entry.user!r}, and there is no user of that name")
    return _server_config(name, cluster, of_cluster, user or UserEntry(), of_user)


def _default_paths() -> list[Path]:
    """Of the listed files those that exist, as kubectl does; when none does, the first, to name it."""
    listed = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [path for path in listed if os.path.lexists(path)] or listed[:1] or [Path.home() / ".kube" / "config"]


class _Merged(NamedTuple):
    """What the files say together; each entry with the folder that its file names are relative to."""

    current: str
    contexts: dict[str, ContextEntry]
    clusters: dict[str, tuple[ClusterEntry, Path]]
    users: dict[str, tuple[UserEntry, Path]]


def _merge(paths: list[Path]) -> _Merged:
    """As kubectl merges: for each name, the first file that has it wins, and a later one adds nothing to it."""
    merged = _Merged("", {}, {}, {})
    for path in paths:
        file, folder = _read(path), path.parent
        merged = merged._replace(current=merged.current or file.current_context or "")
        try:
            for name, context in by_name(file.contexts, "contexts").items():
                merged.contexts.setdefault(name, context.context or ContextEntry())
            for name, cluster in by_name(file.clusters, "clusters").items():
                merged.clusters.setdefault(name, (cluster.cluster or ClusterEntry(), folder))
            for name, user in by_name(file.users, "users").items():
                merged.users.setdefault(name, (user.user or UserEntry(), folder))
        except DocumentError as error:
            raise ConfigError(f"kubeconfig {path} cannot be used: {error}") from error
    return merged


def _read(path: Path) -> KubeconfigFile:
    try:
        return parsed(files.read(path))
    except OSError as error:
        raise ConfigError(f"cannot read kubeconfig {path}: {error.strerror}; give another with --kubeconfig") from error
    except DocumentError as error:
        raise ConfigError(f"kubeconfig {path} cannot be used: {error}") from error


_UNSUPPORTED = {
    "username": "username",
    "password": "password",
    "auth_provider": "auth-provider",
    "as_": "as",
    "as_uid": "as-uid",
    "as_groups": "as-groups",
    "as_user_extra": "as-user-extra",
}
"""Would be ignored, and somebody else be who acts."""


def _server_config(
    context: str, cluster: ClusterEntry, of_cluster: Path, user: UserEntry, of_user: Path
) -> ServerConfig:
    server = cluster.server
    if not server:
        raise ConfigError(f"context {context!r} names no cluster with a server")
    if wrong := flaw(server):
        raise ConfigError(
            f"the server of context {context!r} cannot be used: {wrong}; give the API server's own address, not that "
            "of `kubectl proxy`"
        )
    if cluster.insecure_skip_tls_verify:
        raise ConfigError(
            f"context {context!r} sets insecure-skip-tls-verify; TLS is always verified: give its CA in "
            "certificate-authority-data instead"
        )
    if cluster.proxy_url and (wrong := wrong_proxy(cluster.proxy_url)):
        raise ConfigError(f"proxy-url of context {context!r} cannot be used: {wrong}")
    _check_user(context, user)
    certificate = _data("client-certificate", user.client_certificate_data, of_user, user.client_certificate)
    key = _data("client-key", user.client_key_data, of_user, user.client_key)
    if bool(certificate) != bool(key):
        raise ConfigError(f"the user of context {context!r} has one of client-certificate and client-key: give both")
    ca = _data("certificate-authority", cluster.certificate_authority_data, of_cluster, cluster.certificate_authority)
    return ServerConfig(
        server=server.rstrip("/"),
        ca=ca,
        tls_server_name=_server_name(context, cluster.tls_server_name),
        token=_token(context, user.token),
        token_file=of_user / user.token_file if user.token_file else None,
        exec_plugin=_exec_plugin(context, user.exec, of_user, cluster, ca) if user.exec else None,
        client_cert=certificate,
        client_key=key,
        proxy=cluster.proxy_url or None,
    )


def _check_user(context: str, user: UserEntry) -> None:
    unknown = sorted(name for attribute, name in _UNSUPPORTED.items() if getattr(user, attribute) is not None)
    if unknown:
        raise ConfigError(
            f"the user of context {context!r} sets {', '.join(unknown)}, which is not supported: use a token, an exec "
            "plugin (your provider has one; kubectl itself took auth-provider out with 1.26) or a client certificate"
        )


def _server_name(context: str, name: str | None) -> str | None:
    if not name:
        return None
    if not usable_host(name):
        raise ConfigError(f"tls-server-name of context {context!r} is not the name of a host")
    return name


def _token(context: str, value: str | None) -> str | None:
    token = (value or "").strip()
    if token and not usable_token(token):
        raise ConfigError(f"the token of context {context!r} holds white space, or characters that no token has")
    return token or None


def _data(key: str, inline: str | None, folder: Path, name: str | None) -> bytes | None:
    if inline:
        try:
            return unwrapped(inline)
        except ValueError as error:
            raise ConfigError(f"{key}-data is not base64: give the PEM file itself as {key}") from error
    if name:
        try:
            return files.read(folder / name)
        except OSError as error:
            raise ConfigError(f"cannot read {key} {shown(str(folder / name))}: {error.strerror}") from error
    return None


def unwrapped(text: str) -> bytes:
    """What base64 stands for, be it in one line or in many.

    Raises:
        ValueError: It is none.
    """
    return base64.b64decode("".join(text.split()), validate=True)


_VERSIONS = tuple(f"client.authentication.k8s.io/{version}" for version in ("v1", "v1beta1"))
_INFO = "client.authentication.k8s.io/exec"


def _exec_plugin(context: str, entry: ExecEntry, folder: Path, cluster: ClusterEntry, ca: bytes | None) -> ExecPlugin:
    version, mode = entry.api_version or ExecPlugin.api_version, entry.interactive_mode or IF_AVAILABLE
    env = {variable.name or "": variable.value or "" for variable in entry.env or ()}
    if not entry.command:
        raise ConfigError(f"the exec plugin of context {context!r} has no command")
    if version not in _VERSIONS:
        raise ConfigError(
            f"the exec plugin of context {context!r} has another apiVersion than {' or '.join(_VERSIONS)}: upgrade it, "
            "and have it write your kubeconfig again"
        )
    if mode not in (NEVER, IF_AVAILABLE, ALWAYS):
        raise ConfigError(f"interactiveMode of context {context!r} is none of {NEVER}, {IF_AVAILABLE}, {ALWAYS}")
    if not all(name and "=" not in name and "\0" not in name + value for name, value in env.items()):
        raise ConfigError(f"the exec plugin of context {context!r} has a variable in env that cannot be set")
    if "\0" in "".join([entry.command, *(entry.args or ())]):
        raise ConfigError(f"the exec plugin of context {context!r} has a null character in command or args")
    return ExecPlugin(
        command=str((folder / entry.command).absolute()) if os.sep in entry.command else entry.command,
        args=tuple(entry.args or ()),
        env=env,
        api_version=version,
        hint=entry.install_hint or "",
        mode=mode,
        cluster=_cluster_info(cluster, ca) if entry.provide_cluster_info else None,
    )


def _cluster_info(cluster: ClusterEntry, ca: bytes | None) -> Mapping[str, Any]:
    """What a plugin is told of the cluster, as client.authentication.k8s.io has it."""
    info = {
        "server": cluster.server,
        "tls-server-name": cluster.tls_server_name,
        "certificate-authority-data": base64.b64encode(ca).decode() if ca else None,
        "proxy-url": cluster.proxy_url,
        "config": next((one.extension for one in cluster.extensions or () if one.name == _INFO), None),
    }
    return {key: value for key, value in info.items() if value}
