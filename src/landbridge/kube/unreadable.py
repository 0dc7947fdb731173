"""Objects that are there and cannot be read: neither known nor gone (rule S7), logged once, counted while they last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from landbridge.api.meta import Key
from landbridge.kube.errors import UnreachableError
from landbridge.telemetry.metrics import UNREADABLE

MOST = 1000
"""Objects of one kind that may be odd; where there are more, the server is (rule S15)."""

NAMED = 100
"""Of these the log names so many: it is the log of all clusters."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Unreadable:
    """What can be said of such an object."""

    key: Key | None
    """Which it is; ``None`` if not even that can be read: it may be any."""
    version: str
    """Its resource version; empty if it has none that makes sense."""
    reason: str

    @property
    def name(self) -> str:
        """Its name, for people."""
        return str(self.key) if self.key else "without a name"


class TooManyUnreadableError(UnreachableError):
    """Nobody can say any more what is there."""

    def __init__(self, server: str, kind: str) -> None:
        super().__init__(
            f"{server} has more than {MOST} objects of kind {kind} that cannot be read; the log names some"
        )


class Unreadables:
    """Those of one kind on one server."""

    def __init__(self, server: str, kind: str) -> None:
        self._server = server
        self._kind = kind
        self._known: set[Key | None] = set()
        self._named: set[Key | None] = set()
        """Which the log has named."""

    def listed(self, found: Iterable[Unreadable]) -> None:
        """These there are, and no others.

        Raises:
            TooManyUnreadableError: And nothing is taken in.
        """
        by_key = {one.key: one for one in found}
        if len(by_key) > MOST:
            raise TooManyUnreadableError(self._server, self._kind)
        for key in self._known - by_key.keys():
            self.forget(key)
        for one in by_key.values():
            self.seen(one)

    def seen(self, one: Unreadable) -> None:
        """There is this one.

        Raises:
            TooManyUnreadableError: It is one too many.
        """
        if one.key not in self._known:
            if len(self._known) >= MOST:
                raise TooManyUnreadableError(self._server, self._kind)
            self._known.add(one.key)
            UNREADABLE.labels(self._kind).inc()
        self._name(one)

    def forget(self, key: Key | None) -> None:
        """It can be read now, or is gone."""
        if key in self._known:
            self._known.remove(key)
            UNREADABLE.labels(self._kind).dec()

    def _name(self, one: Unreadable) -> None:
        if one.key in self._named or len(self._named) >= NAMED:
            return
        self._named.add(one.key)
        log.warning("object cannot be read", server=self._server, kind=self._kind, object=one.name, reason=one.reason)
