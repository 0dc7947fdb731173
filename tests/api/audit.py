"""What an API server saw of the controller: the requests of our service accounts, from its audit log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from landbridge.kube.clock import utc_now_micro


class _Lean(msgspec.Struct, frozen=True, rename="camel"):
    pass


class ObjectRef(_Lean, frozen=True):
    """What a request was about."""

    resource: str = ""
    api_group: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""


class User(_Lean, frozen=True):
    """Who sent it."""

    username: str = ""
    extra: dict[str, list[str]] = {}

    @property
    def credential(self) -> str:
        """Id of the very token."""
        return next(iter(self.extra.get("authentication.kubernetes.io/credential-id", [])), "")


class ResponseStatus(_Lean, frozen=True):
    """How it was answered."""

    code: int = 0


class Request(_Lean, frozen=True):
    """One line of the log."""

    stage: str
    verb: str
    user: User
    request_received_timestamp: str = ""
    audit_id: str = msgspec.field(default="", name="auditID")
    object_ref: ObjectRef = ObjectRef()
    response_status: ResponseStatus = ResponseStatus()

    @property
    def short(self) -> str:
        """Verb and resource, as a person says it."""
        ref = self.object_ref
        return f"{self.verb} {ref.resource}{'/' if ref.subresource else ''}{ref.subresource}"

    @property
    def writes(self) -> bool:
        """Whether it asks for a change."""
        return self.verb not in ("get", "list", "watch")


class Mark(NamedTuple):
    """Now: a place in the log, and the time; a request that is answered after may have been sent before."""

    place: int
    time: str


@dataclass(frozen=True)
class AuditLog:
    """The log of an API server of this machine. A request is in it when it is answered (a watch: when it is opened)."""

    path: Path

    def mark(self) -> Mark:
        """Now."""
        return Mark(self.path.stat().st_size, utc_now_micro())

    async def since(self, mark: Mark) -> list[Request]:
        """The requests received after ``mark`` and answered by now.

        Watches are left out: each is opened again about twice a minute, whatever happens.
        """
        return [request for request in await self.all_since(mark) if request.verb != "watch"]

    async def all_since(self, mark: Mark) -> list[Request]:
        """The same, watches included."""
        with self.path.open("rb") as log:
            log.seek(mark.place)
            text = log.read()
        lines = text[: text.rfind(b"\n") + 1].splitlines()
        requests = (msgspec.json.decode(line, type=Request) for line in lines)
        found = (request for request in requests if request.request_received_timestamp > mark.time)
        return list({request.audit_id: request for request in found}.values())
