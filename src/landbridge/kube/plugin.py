"""Credentials from a command of a person's kubeconfig (an exec plugin): a token, a client certificate, or both.

What it says on standard error is passed on as it comes, since it may ask a person to open a page; but nothing of it
that a terminal would obey, and not without end. What it prints on standard output is credentials, and never shown.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from landbridge.api.meta import Lean
from landbridge.kube.address import usable_token
from landbridge.kube.config import ALWAYS, NEVER, ConfigError, ExecPlugin
from landbridge.telemetry.text import printable, shown

PATIENCE = 300.0
"""Seconds for a plugin: it may send a person through a browser."""

MOST = 1 << 20
"""Bytes of an ExecCredential."""

LOUDEST = 16_384
"""Bytes of standard error that are passed on."""


class ExecCredentialStatus(Lean, frozen=True, gc=False):
    """The part of an ExecCredential that matters."""

    token: str | None = None
    expiration_timestamp: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None


class ExecCredential(Lean, frozen=True, gc=False):
    """What an exec plugin prints."""

    status: ExecCredentialStatus | None = None


class ExecToken:
    """What a plugin gave, kept until it expires or is refused."""

    def __init__(self, plugin: ExecPlugin) -> None:
        self._plugin = plugin
        self._name = shown(plugin.command)
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._expires = 0.0
        self.pair: tuple[bytes, bytes] | None = None
        """Client certificate and key, in PEM."""

    async def token(self) -> str | None:
        """The cached token, or what the plugin gives now; ``None`` where it gives a certificate alone."""
        async with self._lock:
            if time.time() > self._expires - 10:
                self._take(await self._output())
            return self._token

    def accepted(self, token: str | None) -> None:
        """It is kept until it expires."""

    def refused(self, token: str | None) -> None:
        """Ask the plugin again next time, unless it was asked since."""
        if token == self._token:
            self._expires = 0.0

    async def _output(self) -> bytes:
        process = await self._start()
        try:
            async with asyncio.timeout(PATIENCE):
                out, _ = await asyncio.gather(_whole(process.stdout), _pass_on(process.stderr))
                code = await process.wait()
        except TimeoutError:
            raise ConfigError(f"exec plugin {self._name} took longer than {PATIENCE:g} s; run it to see why") from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            # what it started may hold the pipes open, and there is no public way
            process._transport.close()  # type: ignore[attr-defined]
        if code:
            raise ConfigError(f"exec plugin {self._name} ended with {code}; run it to see why{self._hint()}")
        return out

    async def _start(self) -> asyncio.subprocess.Process:
        plugin = self._plugin
        interactive = plugin.mode != NEVER and sys.stdin is not None and sys.stdin.isatty()
        if plugin.mode == ALWAYS and not interactive:
            raise ConfigError(f"exec plugin {self._name} wants to ask you something: run this in a terminal")
        try:
            return await asyncio.create_subprocess_exec(
                plugin.command,
                *plugin.args,
                env=os.environ | dict(plugin.env) | {"KUBERNETES_EXEC_INFO": _info(plugin, interactive=interactive)},
                stdin=None if interactive else asyncio.subprocess.DEVNULL,  # it was told that nobody answers
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise ConfigError(
                f"cannot run exec plugin {self._name}: {error.strerror}; is it installed?{self._hint()}"
            ) from error
        except ValueError as error:  # characters that no command line can have
            raise ConfigError(f"cannot run exec plugin {self._name}: its command line cannot be used") from error

    def _hint(self) -> str:
        return f" {shown(self._plugin.hint, 1000)}" if self._plugin.hint else ""

    def _take(self, out: bytes) -> None:
        try:
            status = msgspec.json.decode(out, type=ExecCredential).status or ExecCredentialStatus()
        except (ValueError, RecursionError) as error:  # msgspec's are ValueErrors; its text could quote
            raise ConfigError(
                f"exec plugin {self._name} printed no ExecCredential; run it to see what it says"
            ) from error
        certificate, key = status.client_certificate_data, status.client_key_data
        if bool(certificate) != bool(key):
            raise ConfigError(f"exec plugin {self._name} gave one of certificate and key, which need each other")
        if not status.token and not certificate:
            raise ConfigError(f"exec plugin {self._name} gave no token and no certificate; log in with it first")
        if status.token and not usable_token(status.token):
            raise ConfigError(f"exec plugin {self._name} gave a token with characters that no token has")
        self._expires = self._end(status.expiration_timestamp)
        self._token = status.token or None
        self.pair = (certificate.encode(), key.encode()) if certificate and key else None

    def _end(self, timestamp: str | None) -> float:
        if not timestamp:
            return float("inf")
        try:
            moment = datetime.fromisoformat(timestamp)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError) as error:
            raise ConfigError(
                f"exec plugin {self._name} printed no ExecCredential: {shown(timestamp, 60)!r} is no time"
            ) from error


def _info(plugin: ExecPlugin, *, interactive: bool) -> str:
    spec: dict[str, object] = {"interactive": interactive}
    if plugin.cluster is not None:
        spec["cluster"] = plugin.cluster
    return msgspec.json.encode({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}).decode()


async def _whole(stream: asyncio.StreamReader | None) -> bytes:
    """All that comes, and no more than is of use."""
    data = bytearray()
    while stream and (part := await stream.read(1 << 16)):
        data += part[: MOST - len(data)]
    return bytes(data)


async def _pass_on(stream: asyncio.StreamReader | None) -> None:
    left = LOUDEST
    while stream and (part := await stream.read(1 << 12)):
        text = part[:left].decode(errors="replace").replace("\r", "").replace("\t", " ")
        left -= len(part[:left])
        if text:
            print(printable(text), end="", file=sys.stderr, flush=True)
