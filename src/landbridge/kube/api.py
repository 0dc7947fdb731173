"""Requests to one API server."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Self, TypeVar

import aiohttp
import msgspec
from yarl import URL

from landbridge import __version__
from landbridge.api.kind import Kind, Listing, ListMeta
from landbridge.api.meta import Object, ObjectMeta
from landbridge.kube.bounded import ANSWER, REFUSAL, beginning, too_large, whole
from landbridge.kube.config import ConfigError, ServerConfig
from landbridge.kube.credentials import Pair, TokenSource, ssl_context, token_source
from landbridge.kube.errors import LONGEST, UnauthorizedError, UnreachableError, api_error
from landbridge.kube.explain import described
from landbridge.kube.lenient import decoded
from landbridge.kube.listing import Survey, survey
from landbridge.kube.patience import Patience
from landbridge.kube.proxy import Way, from_environment, way, wrong_proxy
from landbridge.kube.resolver import Resolver
from landbridge.telemetry.text import shown

T = TypeVar("T", bound=Object)
D = TypeVar("D")

_OBJECT = msgspec.json.Decoder(Object)

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

REQUEST_TIMEOUT = 30.0
"""Seconds for one request, answer included."""

IDLE = 25.0
"""Seconds after which a connection that nobody uses is closed: before a server does it (90), or a balancer (30 and
more), so that no write meets a dying one."""


class Api:
    """One API server, used as an async context manager. Safe for concurrent use."""

    patience = Patience()
    """Of all watches on this server."""

    def __init__(
        self, config: ServerConfig, tokens: TokenSource | None = None, patience: Patience | None = None
    ) -> None:
        self.server = config.server
        self.patience = patience or self.patience
        self.tokens = tokens or token_source(config)
        try:
            self._base = URL(config.server)
        except ValueError as error:
            raise ConfigError(f"{config.server} is not an address: {error}") from error
        self._config = config
        self._ssl = ssl_context(config)
        self._pair: Pair | None = None
        self._way = _way(config)
        self._server_name = config.tls_server_name
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._resolver = Resolver()
        connector = aiohttp.TCPConnector(resolver=self._resolver, limit=0, keepalive_timeout=IDLE)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"landbridge/{__version__}", "Accept": JSON},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()
            await self._resolver.close()

    async def permitted(self) -> None:
        """Wait until a write may be sent at once: what is looked at after that is not older than the wait."""

    async def get(self, kind: Kind[T], name: str, namespace: str = "") -> T:
        """Read one object."""
        return self.decoded(kind.decoder, await self.request("GET", kind.path(namespace, name)))

    async def list(self, kind: Kind[T], namespace: str = "", *, selector: str = "", field: str = "") -> Listing[T]:
        """Read all objects, of which none may be left out.

        Raises:
            ApiError: The server refused.
            UnreachableError: There was no answer, or one object cannot be read.
        """
        found = await self.survey(kind, namespace, selector=selector, field=field)
        for one in found.unreadable:
            raise UnreachableError(f"{self.server}: {kind.kind} {one.name} cannot be read: {one.reason}")
        return Listing(ListMeta(found.version), found.items)

    async def survey(self, kind: Kind[T], namespace: str = "", *, selector: str = "", field: str = "") -> Survey[T]:
        """Read all objects, with a quorum: no older than what anybody has written by now (rule S7)."""
        path, which = kind.path(namespace), selectors(selector, field)

        def ask(page: Mapping[str, str], timeout: float) -> Awaitable[bytes]:
            return self.request("GET", path, params={**which, **page}, timeout=timeout)

        return await survey(self.server, kind, ask)

    async def create(self, kind: Kind[T], obj: T) -> T:
        """Create an object that does not exist."""
        path = kind.path(obj.metadata.namespace)
        return self.decoded(kind.decoder, await self.request("POST", path, body=kind.encode(obj)))

    async def replace(self, kind: Kind[T], obj: T) -> T:
        """Put an object in place of the version that its metadata names."""
        path = kind.path(obj.metadata.namespace, obj.metadata.name)
        return self.decoded(kind.decoder, await self.request("PUT", path, body=kind.encode(obj)))

    async def merge_patch(self, kind: Kind[T], meta: ObjectMeta, patch: Mapping[str, Any], subresource: str = "") -> T:
        """Change some fields of the very version that ``meta`` names, if it names one."""
        if meta.resource_version:
            patch = {**patch, "metadata": {**patch.get("metadata", {}), "resourceVersion": meta.resource_version}}
        path = kind.path(meta.namespace, meta.name, subresource)
        body = await self.request("PATCH", path, body=msgspec.json.encode(patch), content_type=MERGE_PATCH)
        return self.decoded(kind.decoder, body)

    async def delete(self, kind: Kind[T], meta: ObjectMeta) -> T | None:
        """Delete an object, in the very version that ``meta`` names, if it names one.

        Gives the object if it is only marked, and stays until somebody's finalizers are off; ``None`` if it is gone.
        """
        version = meta.resource_version
        body = msgspec.json.encode({"preconditions": {"resourceVersion": version}}) if version else None
        answer = await self.request("DELETE", kind.path(meta.namespace, meta.name), body=body)
        # Else it is a Status, whose fields need not have the types of the kind's, or the object as it last was.
        marked = self.decoded(_OBJECT, answer).metadata.deletion_timestamp is not None
        return self.decoded(kind.decoder, answer) if marked else None

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        timeout: float = REQUEST_TIMEOUT,
    ) -> bytes:
        """Send one request and give the body of its answer, within ``timeout`` seconds.

        Raises:
            ApiError: The server refused.
            UnreachableError: There was no answer, or too much of it.
        """
        async with self._send(method, path, params, body, content_type, timeout) as response:
            return await whole(response.content.iter_any(), ANSWER, too_large(self.server, "an answer", ANSWER))

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str], timeout: float
    ) -> AsyncGenerator[aiohttp.StreamReader]:
        """Open an answer that takes its time, but has ended in ``timeout`` seconds."""
        async with self._send("GET", path, params, None, JSON, timeout) as response:
            yield response.content

    @asynccontextmanager
    async def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: bytes | None,
        content_type: str,
        total: float,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        if self._session is None:
            raise RuntimeError("Api is used outside its context")
        headers = {"Content-Type": content_type} if body is not None else {}
        token = await self.tokens.token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        timeout = aiohttp.ClientTimeout(total=total, sock_connect=10)
        try:
            async with self._session.request(
                method,
                self._base.joinpath(path.lstrip("/")),
                params=params,
                data=body,
                headers=headers,
                timeout=timeout,
                ssl=self._trust(),
                server_hostname=self._server_name,
                proxy=self._way.proxy if self._way else None,
                proxy_headers=self._way.headers if self._way else None,
                allow_redirects=False,  # a server may not send us, with our rights, to another address
            ) as response:
                if response.status >= 300:
                    await self._refuse(response, token)
                self.tokens.accepted(token)
                yield response
        except (
            TimeoutError,
            aiohttp.ClientError,
            OSError,
            ValueError,
        ) as error:  # a ValueError: no name, no header
            text = shown(str(error), LONGEST) or type(error).__name__
            through = f" through proxy {self._way.proxy.origin()}" if self._way else ""
            raise UnreachableError(f"no answer from {self.server}{through}: {text}") from error

    def _trust(self) -> ssl.SSLContext:
        """The context for the next request: a new one, with a new connection, once a plugin gave a certificate."""
        if self.tokens.pair != self._pair and self.tokens.pair:
            certificate, key = self._pair = self.tokens.pair
            self._ssl = ssl_context(replace(self._config, client_cert=certificate, client_key=key))
        return self._ssl

    def decoded(self, decoder: msgspec.json.Decoder[D], body: bytes) -> D:
        """The object in an answer.

        Raises:
            UnreachableError: Something else than an API server answers at this address.
        """
        try:
            return decoded(decoder, body)
        except MemoryError:
            raise
        except Exception as error:  # which ones there are depends on what is sent
            raise UnreachableError(f"{self.server} gave an answer that cannot be read: {described(error)}") from error

    async def _refuse(self, response: aiohttp.ClientResponse, token: str | None) -> None:
        body = await beginning(response.content.iter_any(), REFUSAL)
        error = api_error(response.status, body, response.headers.get("Retry-After"))
        if isinstance(error, UnauthorizedError):
            self.tokens.refused(token)
        raise error


def _way(config: ServerConfig) -> Way | None:
    proxy = config.proxy or from_environment(config.server)
    if proxy is None:
        return None
    if wrong := wrong_proxy(proxy):
        given = "its proxy" if config.proxy else "the proxy of $HTTPS_PROXY"
        raise ConfigError(f"{config.server} cannot be reached: {given} cannot be used: {wrong}")
    return way(proxy)


def selectors(label: str, field: str) -> dict[str, str]:
    """Query parameters of a list or a watch of some objects."""
    return {name: value for name, value in (("labelSelector", label), ("fieldSelector", field)) if value}
