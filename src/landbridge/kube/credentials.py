"""Who we are to an API server: a bearer token, from wherever it comes, fresh at every request."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from landbridge.api.meta import Lean
from landbridge.kube.config import ConfigError, ExecPlugin, ServerConfig

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class TokenSource(Protocol):
    """Gives the token for the next request; ``None`` where a client certificate speaks."""

    async def token(self) -> str | None:
        """The bearer token, or ``None``."""

    def accepted(self, token: str | None) -> None:
        """The server did what was asked with this one."""

    def refused(self, token: str | None) -> None:
        """The server answered 401 to this one: should it be cached, it is no good."""


class StaticToken:
    """A token that its owner replaces; the next request carries the new one.

    Of two tokens the one that works (rule S8): should the new one be refused, the next request carries the last one
    that was accepted; should that be refused as well, they take turns.
    """

    def __init__(self, value: str | None = None) -> None:
        self._value = value
        self._spare: str | None = None
        self._accepted: str | None = None
        self.fell_back = False
        """Whether the newest one was refused, and an older one is in use."""
        self.changed = asyncio.Event()
        """Set whenever another one comes into use."""

    @property
    def value(self) -> str | None:
        """The token as it is now."""
        return self._value

    @value.setter
    def value(self, value: str | None) -> None:
        if value != self._value:
            self._spare = self._value if self._accepted in (None, value) else self._accepted
            self._value = value
        self.fell_back = False
        self.changed.set()

    async def token(self) -> str | None:
        """The token as it is now."""
        return self._value

    def accepted(self, token: str | None) -> None:
        """Worth keeping, whatever comes after it."""
        self._accepted = token

    def refused(self, token: str | None) -> None:
        """The other one's turn; unless it is so already, since many requests are under way at once."""
        if token == self._value and self._spare is not None:
            self._value, self._spare = self._spare, self._value
            self.fell_back = not self.fell_back
            self.changed.set()


class FileToken:
    """A token in a file that somebody else rotates (the kubelet does): read every time, it is small."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def token(self) -> str:
        """The content of the file."""
        try:
            return self._path.read_text().strip()
        except OSError as error:
            raise ConfigError(f"cannot read token {self._path}: {error.strerror}") from error

    def accepted(self, token: str | None) -> None:
        """Nothing is cached."""

    def refused(self, token: str | None) -> None:
        """Nothing is cached."""


class ExecCredentialStatus(Lean, frozen=True, gc=False):
    """The part of an ExecCredential that matters."""

    token: str | None = None
    expiration_timestamp: str | None = None


class ExecCredential(Lean, frozen=True, gc=False):
    """What an exec plugin prints."""

    status: ExecCredentialStatus | None = None


class ExecToken:
    """A token from a plugin of the person's kubeconfig, kept until it expires or is refused."""

    def __init__(self, plugin: ExecPlugin) -> None:
        self._plugin = plugin
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._expires = 0.0

    async def token(self) -> str | None:
        """The cached token, or a new one from the plugin."""
        async with self._lock:
            if self._token is None or time.time() > self._expires - 10:
                await self._run()
            return self._token

    def accepted(self, token: str | None) -> None:
        """It is kept until it expires."""

    def refused(self, token: str | None) -> None:
        """Ask the plugin again next time, unless it was asked since."""
        if token == self._token:
            self._token = None

    async def _run(self) -> None:
        plugin = self._plugin
        info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
        env = os.environ | dict(plugin.env) | {"KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()}
        try:
            process = await asyncio.create_subprocess_exec(
                plugin.command,
                *plugin.args,
                env=env,
                stdin=asyncio.subprocess.DEVNULL,  # it was told that nobody answers
                stdout=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise ConfigError(f"cannot run exec plugin {plugin.command}: {error.strerror}; is it installed?") from error
        out, _ = await process.communicate()
        if process.returncode:
            raise ConfigError(f"exec plugin {plugin.command} ended with {process.returncode}; run it to see why")
        self._take(out)

    def _take(self, out: bytes) -> None:
        try:
            status = msgspec.json.decode(out, type=ExecCredential).status
            expires = status.expiration_timestamp if status else None
            ends = datetime.fromisoformat(expires).timestamp() if expires else float("inf")
        except ValueError as error:  # msgspec's are ValueErrors too
            raise ConfigError(f"exec plugin {self._plugin.command} printed no ExecCredential: {error}") from error
        if status is None or not status.token:
            raise ConfigError(f"exec plugin {self._plugin.command} gave no token (its certificates are not supported)")
        self._token, self._expires = status.token, ends


def token_source(config: ServerConfig) -> TokenSource:
    """The source that the configuration names; the first of exec plugin, file, literal."""
    if config.exec_plugin:
        return ExecToken(config.exec_plugin)
    if config.token_file:
        return FileToken(config.token_file)
    return StaticToken(config.token)


def certificates(pem: bytes) -> str:
    """The certificates in PEM text. What stands between them may be in any encoding, and is nothing to ``ssl``.

    Raises:
        ConfigError: There is none.
    """
    found = b"\n".join(_CERTIFICATE.findall(pem))
    if not found or not found.isascii():
        raise ConfigError("there is no certificate in PEM")
    return found.decode()


def ssl_context(config: ServerConfig) -> ssl.SSLContext:
    """A verifying context for this server alone (building one costs 1.4 ms with a CA given, 38 ms without).

    Many clusters' CAs lack the extensions that Python 3.13 began to demand (VERIFY_X509_STRICT), so that flag is
    cleared; chain, expiry and host name stay checked.
    """
    try:
        context = ssl.create_default_context(cadata=certificates(config.ca) if config.ca else None)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if config.client_cert and config.client_key:
            _load_client_certificate(context, config.client_cert, config.client_key)
    except (ConfigError, ssl.SSLError, ValueError) as error:
        raise ConfigError(f"certificates for {config.server} are not usable PEM: {error}") from error
    return context


def _load_client_certificate(context: ssl.SSLContext, cert: bytes, key: bytes) -> None:
    """The ssl module reads client certificates from files only: a private one that is gone at once."""
    with tempfile.NamedTemporaryFile(prefix="landbridge-") as file:
        file.write(cert + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name, password=b"")  # else it would ask for that of an encrypted key
