"""Objects that are there and cannot be read: neither known nor gone (rule S7), logged once, counted while they last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from landbridge.api.meta import Key
from landbridge.telemetry.metrics import UNREADABLE

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


class Unreadables:
    """Those of one kind on one server."""

    def __init__(self, server: str, kind: str) -> None:
        self._server = server
        self._kind = kind
        self._known: dict[Key | None, str] = {}
        """Why, by which it is."""

    def listed(self, found: Iterable[Unreadable]) -> None:
        """These there are, and no others."""
        found = tuple(found)
        self._keep({key: why for key, why in self._known.items() if any(one.key == key for one in found)})
        for one in found:
            self.seen(one)

    def seen(self, one: Unreadable) -> None:
        """There is this one."""
        if self._known.get(one.key) != one.reason:
            log.warning(
                "object cannot be read", server=self._server, kind=self._kind, object=one.name, reason=one.reason
            )
        self._keep({**self._known, one.key: one.reason})

    def forget(self, key: Key) -> None:
        """It can be read now, or is gone."""
        if key in self._known:
            self._keep({known: why for known, why in self._known.items() if known != key})

    def _keep(self, known: dict[Key | None, str]) -> None:
        UNREADABLE.labels(self._kind).inc(len(known) - len(self._known))
        self._known = known
