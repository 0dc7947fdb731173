"""Who we are to an API server: a bearer token, from wherever it comes, fresh at every request."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
import tempfile
from pathlib import Path
from typing import Protocol

from landbridge.kube import files
from landbridge.kube.address import usable_token
from landbridge.kube.config import ConfigError, ServerConfig
from landbridge.kube.plugin import ExecToken

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
Pair = tuple[bytes, bytes]
"""A client certificate and its key, in PEM."""


class TokenSource(Protocol):
    """Gives the token for the next request; ``None`` where a client certificate speaks."""

    @property
    def pair(self) -> Pair | None:
        """The client certificate that came with the last token, if it is not the configuration's."""

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

    pair = None

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

    pair = None

    def __init__(self, path: Path) -> None:
        self._path = path

    async def token(self) -> str:
        """The content of the file."""
        try:
            token = (await asyncio.to_thread(files.read, self._path)).decode(errors="replace").strip()
        except OSError as error:
            raise ConfigError(f"cannot read token {self._path}: {error.strerror}") from error
        if not usable_token(token):
            raise ConfigError(f"{self._path} holds no token: it is empty, or holds characters that no token has")
        return token

    def accepted(self, token: str | None) -> None:
        """Nothing is cached."""

    def refused(self, token: str | None) -> None:
        """Nothing is cached."""


def token_source(config: ServerConfig) -> TokenSource:
    """The source that the configuration names; the first of exec plugin, file, literal."""
    if config.exec_plugin:
        return ExecToken(config.exec_plugin)
    if config.token_file:
        return FileToken(config.token_file)
    return StaticToken(config.token)


def certificates(pem: bytes) -> bytes:
    """The certificates in PEM, in DER one after the other: those that can be read, as Go has it.

    What stands between them may be in any encoding, and is nothing to ``ssl``; nor do line ends matter, or repetitions.

    Raises:
        ConfigError: There is none.
    """
    probe = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found = dict.fromkeys(_der(body) for body in _CERTIFICATE.findall(pem))
    if der := b"".join(one for one in found if _readable(probe, one)):
        return der
    if pem[:1] == b"\x30":
        raise ConfigError(
            "there is no certificate in PEM: it looks like DER, which `openssl x509 -inform der` turns into PEM"
        )
    raise ConfigError("there is no certificate in PEM")


def _der(body: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError:
        return b""


def _readable(probe: ssl.SSLContext, der: bytes) -> bool:
    try:
        probe.load_verify_locations(cadata=der)
    except (ssl.SSLError, ValueError):
        return False
    return True


def ssl_context(config: ServerConfig) -> ssl.SSLContext:
    """A verifying context for this server alone (building one costs 1.4 ms with a CA given, 38 ms without).

    Two flags are set as Go has it. Many clusters' CAs lack the extensions that Python 3.13 began to demand
    (VERIFY_X509_STRICT). And what is given may be an intermediate, or the server's own certificate: it is trusted
    whoever signed it (VERIFY_X509_PARTIAL_CHAIN, which Python sets by itself from 3.13). Chain, expiry and host name
    stay checked.
    """
    try:
        context = ssl.create_default_context(cadata=certificates(config.ca) if config.ca else None)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
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
