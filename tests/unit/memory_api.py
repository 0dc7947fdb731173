"""An API server that is a dictionary: enough of one for objects that are created, read, changed and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Self

import msgspec
import yaml

from landbridge.kube.api import APPLY_PATCH, JSON, Api
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import api_error

Body = dict[str, Any]
Hook = Callable[[str, str], None]

_COLLECTION = re.compile(r".*/[a-z]+s$")
_OBJECT = re.compile(r"(?P<collection>/api.*/(?P<plural>[a-z]+))/(?P<name>[^/]+)$")


class MemoryApi(Api):
    """Answers from memory. ``before`` is called with every method and path, and may raise what a server would."""

    def __init__(self, server: str = "https://127.0.0.1:6443", version: str = "v1.36.4") -> None:
        self.server = server
        self.tokens = StaticToken()
        self.objects: dict[str, Body] = {}
        self.answers: dict[tuple[str, str], Body] = {("GET", "/version"): {"gitVersion": version}}
        self.before: Hook = lambda method, path: None
        self.mutate: Callable[[Body], Body] = lambda body: body
        """What an admission webhook makes of an object that is created or replaced."""
        self.refused: set[str | None] = set()
        """Tokens that are answered with 401."""
        self.calls: list[tuple[str, str]] = []
        self._version = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests that change something."""
        return [call for call in self.calls if call[0] != "GET"]

    def put(self, path: str, body: Body) -> None:
        """Place an object, as another client would."""
        self._version += 1
        meta = {"name": path.rsplit("/", 1)[1], "uid": f"uid-{self._version}"} | body.get("metadata", {})
        self.objects[path] = body | {"metadata": meta | {"resourceVersion": str(self._version)}}

    def remove(self, path: str) -> None:
        """Take an object away, whatever its finalizers say."""
        self._version += 1
        del self.objects[path]

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        timeout: float = 0,
    ) -> bytes:
        self.calls.append((method, path))
        await self.authenticate()
        self.before(method, path)
        if (method, path) in self.answers:
            return msgspec.json.encode(self.answers[method, path])
        decode = yaml.safe_load if content_type == APPLY_PATCH else msgspec.json.decode
        sent: Body = decode(body or b"{}")
        match method:
            case "POST" if (params or {}).get("dryRun"):
                return msgspec.json.encode(sent)
            case "POST":
                return self._create(f"{path}/{sent['metadata']['name']}", sent)
            case "PUT":
                return self._replace(path, sent)
            case "PATCH" if content_type == APPLY_PATCH:
                return self._merge(path, sent) if path in self.objects else self._create(path, sent)
            case "PATCH":
                return self._merge(path.removesuffix("/status"), sent)
            case "DELETE":
                return self._delete(path, sent.get("preconditions", {}))
        return self._found(path, params or {})

    async def authenticate(self) -> None:
        """As every request begins."""
        token = await self.tokens.token()
        if token in self.refused:
            self.tokens.refused(token)
            raise api_error(401, b'{"message": "Unauthorized", "reason": "Unauthorized"}')
        self.tokens.accepted(token)

    def _found(self, path: str, params: Mapping[str, str]) -> bytes:
        if path in self.objects:
            return msgspec.json.encode(self.objects[path])
        if not _COLLECTION.fullmatch(path):
            raise self._error(404, path)
        wanted = dict(pair.split("=") for pair in params.get("labelSelector", "").split(",") if pair)
        only = params.get("fieldSelector", "").removeprefix("metadata.name=")
        items = [
            item
            for name, item in self.objects.items()
            if within(name, path)
            and wanted.items() <= item["metadata"].get("labels", {}).items()
            and only in ("", item["metadata"]["name"])
        ]
        return msgspec.json.encode({"metadata": {"resourceVersion": str(self._version)}, "items": items})

    def _create(self, path: str, sent: Body) -> bytes:
        if path in self.objects:
            raise self._error(409, path)
        self.put(path, self.mutate(sent))
        return msgspec.json.encode(self.objects[path])

    def _replace(self, path: str, sent: Body) -> bytes:
        self._check(path, sent)
        self.put(path, self.mutate(sent))
        return msgspec.json.encode(self.objects[path])

    def _merge(self, path: str, sent: Body) -> bytes:
        self._check(path, sent)
        merged = _merged(self.objects[path], sent)
        if merged != self.objects[path]:
            self.put(path, merged)
        return self._finish(path)

    def _delete(self, path: str, preconditions: Body) -> bytes:
        self._check(path, {"metadata": preconditions})
        if self.objects[path]["metadata"].get("finalizers"):
            ending = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
            self.put(path, _merged(self.objects[path], ending))
            return self._finish(path)
        found = self.objects[path]
        self.remove(path)
        return msgspec.json.encode(found)

    def _finish(self, path: str) -> bytes:
        """Whatever is being deleted goes with its last finalizer."""
        found = self.objects[path]
        if found["metadata"].get("deletionTimestamp") and not found["metadata"].get("finalizers"):
            self.remove(path)
        return msgspec.json.encode(found)

    def _check(self, path: str, sent: Body) -> None:
        if path not in self.objects:
            raise self._error(404, path)
        version = sent.get("metadata", {}).get("resourceVersion")
        if version and version != self.objects[path]["metadata"]["resourceVersion"]:
            raise self._error(409, path)

    @staticmethod
    def _error(status: int, path: str) -> Exception:
        return api_error(status, f"{status}: {path}".encode())


def within(path: str, collection: str) -> bool:
    """Whether an object belongs to a collection, of one namespace or of all."""
    if not (match := _OBJECT.fullmatch(path)):
        return False
    mine = match["collection"]
    return mine == collection or re.sub(r"/namespaces/[^/]+(?=/)", "", mine) == collection


def _merged(old: Body, new: Mapping[str, Any]) -> Body:
    """JSON merge patch (RFC 7386)."""
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = _merged(result.get(key) or {}, value)
        else:
            result[key] = value
    return result
