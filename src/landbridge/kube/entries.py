"""What a kubeconfig may say, field by field: kubectl passes over what it does not know, and refuses a wrong type."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import msgspec

from landbridge.kube.document import DocumentError, first_document


class _Entry(msgspec.Struct, frozen=True, rename="kebab"):
    pass


class Extension(_Entry, frozen=True):
    """What an exec plugin is to be told beside the cluster."""

    name: str | None = None
    extension: Any = None


class ClusterEntry(_Entry, frozen=True):
    """How to reach and to trust a server."""

    server: str | None = None
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool | None = None
    proxy_url: str | None = None
    extensions: list[Extension] | None = None


class EnvEntry(_Entry, frozen=True):
    """A variable of a plugin's environment."""

    name: str | None = None
    value: str | None = None


class ExecEntry(_Entry, frozen=True, rename="camel"):
    """A command that gives credentials."""

    command: str | None = None
    args: list[str] | None = None
    env: list[EnvEntry] | None = None
    api_version: str | None = None
    install_hint: str | None = None
    provide_cluster_info: bool | None = None
    interactive_mode: str | None = None


class UserEntry(_Entry, frozen=True):
    """Who to be."""

    token: str | None = None
    token_file: str | None = msgspec.field(default=None, name="tokenFile")
    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    exec: ExecEntry | None = None
    username: Any = None
    password: Any = None
    auth_provider: Any = None
    as_: Any = msgspec.field(default=None, name="as")
    as_uid: Any = None
    as_groups: Any = None
    as_user_extra: Any = None


class ContextEntry(_Entry, frozen=True):
    """A user at a cluster."""

    cluster: str | None = None
    user: str | None = None


class NamedCluster(_Entry, frozen=True):
    name: str | None = None
    cluster: ClusterEntry | None = None


class NamedUser(_Entry, frozen=True):
    name: str | None = None
    user: UserEntry | None = None


class NamedContext(_Entry, frozen=True):
    name: str | None = None
    context: ContextEntry | None = None


class KubeconfigFile(_Entry, frozen=True):
    """One file."""

    kind: str | None = None
    api_version: str | None = msgspec.field(default=None, name="apiVersion")
    current_context: str | None = None
    clusters: list[NamedCluster] | None = None
    users: list[NamedUser] | None = None
    contexts: list[NamedContext] | None = None


class Named(Protocol):
    """An entry of a list."""

    @property
    def name(self) -> str | None:
        """What others call it by."""


N = TypeVar("N", bound=Named)


def parsed(data: bytes) -> KubeconfigFile:
    """What a file says; nothing where it is empty, as kubectl takes it.

    Raises:
        DocumentError: It is no kubeconfig; the text says what to change, and quotes no value.
    """
    document = first_document(data)
    if document is None:
        return KubeconfigFile()
    if not isinstance(document, dict):
        raise DocumentError("it is not a mapping; is it the right file?")
    try:
        found = msgspec.convert(document, KubeconfigFile)
    except msgspec.ValidationError as error:
        text = str(error).replace("`", "").replace(" | null", "")
        quotes = "; a number or a truth value of YAML becomes text in quotes" if "Expected str" in text else ""
        raise DocumentError(f"{text}{quotes}") from error
    if found.kind not in (None, "", "Config") or found.api_version not in (None, "", "v1"):
        raise DocumentError("its kind is not Config of apiVersion v1; is it the right file?")
    return found


def by_name(entries: list[N] | None, plural: str) -> dict[str, N]:
    """The entries of a file by name.

    Raises:
        DocumentError: Two have the same.
    """
    found: dict[str, N] = {}
    for entry in entries or ():
        if (entry.name or "") in found:
            raise DocumentError(f"two of its {plural} have the same name; rename or remove one")
        found[entry.name or ""] = entry
    return found
