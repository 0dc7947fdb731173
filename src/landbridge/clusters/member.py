"""An engaged cluster: its connection, its live caches, and the queue of what to do in it.

Which caches must be live for which decision, and no more (rule S7):

| decision                                                | needs    | slices | Services    | namespaces  |
|---------------------------------------------------------|----------|--------|-------------|-------------|
| imports are written, or removed at the hub's word       | writable | live   | listed once | -           |
| an end, or a leave, finds nothing of ours here any more | writable | live   | listed once | -           |
| imports are removed because their Service is gone       | live     | live   | live        | -           |
| imports elsewhere follow what this cluster provides     | live     | live   | live        | -           |
| the status says NoNamespace                             | -        | -      | -           | listed once |

A Service that was seen is consent until it is seen to be gone. Where the Secret says which cluster it means, by the uid
of kube-system, nothing is live or writable until the one that answers is seen to be that. Elsewhere, and from then on,
only the status is less precise while namespaces cannot be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from landbridge.api.core import NAMESPACES, SERVICES
from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.meta import Key
from landbridge.api.names import CLUSTER_UID, MANAGER
from landbridge.clusters.bulkhead import endless
from landbridge.clusters.ownership import imported, service_of
from landbridge.fleet.cluster import Cluster
from landbridge.kube.api import Api
from landbridge.kube.clock import utc_now
from landbridge.kube.explain import described
from landbridge.kube.informer import Informer
from landbridge.kube.queue import WorkQueue

WRITES = 16
"""Writes under way at once in one cluster; more only queue up in its API server."""

KUBE_SYSTEM = Key("", "kube-system")
"""The namespace whose uid says which cluster it is."""

FIRST_LOOK = 15.0
"""Seconds that a cluster has to show everything for the first time; from then on it counts as lost until it has."""


def own_ready(slice_: EndpointSlice) -> int:
    """Ready endpoints of the cluster's own pods: what other clusters lose when a list lacks the slice."""
    return 0 if slice_.managed_by == MANAGER else slice_.ready


class Member:
    """A cluster of the fleet, as seen now. ``on_change`` and ``on_contact`` get the member itself.

    ``on_contact`` also gets whether more is in view than before, or less.
    """

    def __init__(
        self,
        cluster: Cluster,
        api: Api,
        *,
        on_change: Callable[[Member, Key], None],
        on_contact: Callable[[Member, bool], None],
        first_look: float = FIRST_LOOK,
    ) -> None:
        self.cluster = cluster
        self.api = api
        self.queue: WorkQueue[Key] = WorkQueue()
        self.writing = asyncio.Semaphore(WRITES)
        """Bounds the requests under way."""
        self.refused: dict[Key, str] = {}
        """What the cluster forbade, by Service."""
        self.failed: dict[Key, str] = {}
        """What went wrong otherwise, by Service."""
        self.contested: dict[Key, str] = {}
        """Where somebody else changes our imports all the time, by Service."""
        self.swept: frozenset[str] = frozenset()
        """Imports that nothing explains and that are to go, by uid: what is made again is not meant."""
        self.emptied: set[str] = set()
        """Imports that somebody's finalizer holds and that were made to route nowhere, by uid."""
        self.since = utc_now()
        """When contact was last won."""
        self._on_change = on_change
        self._on_contact = on_contact
        self._first_look = first_look
        self._overdue = False
        self._in_view: set[str] = set()

        def changed(key: Key) -> None:
            on_change(self, key)

        self.services = Informer(api, SERVICES, on_change=changed, on_contact=self._contact)
        self.slices = Informer(
            api, SLICES, on_change=changed, on_contact=self._contact, index=service_of, weight=own_ready
        )
        self.namespaces = Informer(api, NAMESPACES, on_change=self._namespace_changed, on_contact=self._contact)
        self._namespaces: set[Key] = set()
        """Of which it was heard that they are there."""
        self._proved = ""
        """The uid that was right once on this connection: what the Secret says later is of a next one."""

    @property
    def name(self) -> str:
        """Its id in the fleet."""
        return self.cluster.name

    @property
    def writable(self) -> bool:
        """Whether imports may be written here: they are in view, and so is consent, at least as it was."""
        return self.is_itself and self.slices.live and self.services.synced

    @property
    def live(self) -> bool:
        """Whether slices and Services are complete and current: absence means something, and others follow."""
        return self.is_itself and self.slices.live and self.services.live

    @property
    def is_itself(self) -> bool:
        """Whether it is the cluster that the Secret means: another's Services and slices say nothing (rule S7)."""
        found = self._answering
        return not self.cluster.uid or (found != "" and found in (self._proved, self.cluster.uid))

    @property
    def uid(self) -> str:
        """Of its kube-system, as proved or else as its Secret says; may be empty."""
        return self._proved or self.cluster.uid

    @property
    def another(self) -> str:
        """Why what answers is not the cluster that the Secret means; empty while nothing says so."""
        if self.is_itself or not self.namespaces.synced or self.namespaces.doubts(KUBE_SYSTEM):
            return ""
        found = f"has uid {self._answering}" if self._answering else "cannot be seen"
        return (
            f"another cluster answers at this address: its {KUBE_SYSTEM} {found}, "
            f"annotation {CLUSTER_UID} of the Secret says {self.cluster.uid}"
        )

    @property
    def connecting(self) -> bool:
        """Whether contact was neither won nor lost yet: nothing can be said of it."""
        answered = all(informer.live for informer in self._informers)
        return not answered and not self._overdue and not any(informer.error for informer in self._informers)

    @property
    def trouble(self) -> str:
        """Why it is not live."""
        errors = (informer.error for informer in (self.slices, self.services, self.namespaces))
        return self.another or next((described(error) for error in errors if error), "not everything is read yet")

    def shows(self, *, provider: bool) -> bool:
        """Whether that of it is in view which its roles in a Service need."""
        return self.live if provider else self.writable

    def lacks_namespace(self, name: str) -> bool:
        """Whether a namespace is known to be missing."""
        return self.namespaces.synced and self.namespaces.store.get(Key("", name)) is None

    def imports(self, key: Key, fleet: str) -> tuple[EndpointSlice, ...]:
        """The slices of a Service that the fleet wrote here."""
        return tuple(slice_ for slice_ in self.slices.store.group(key) if imported(slice_, fleet))

    def is_swept(self, imports: Collection[EndpointSlice]) -> bool:
        """Whether these are imports that are to go, and no other is among them."""
        return bool(imports and self.swept) and all(import_.metadata.uid in self.swept for import_ in imports)

    def describe(self, cluster: Cluster) -> None:
        """Take in what its Secret says now."""
        self.cluster = cluster
        self._contact()

    async def follow(self) -> None:
        """Keep the caches current, forever."""
        async with asyncio.TaskGroup() as tasks:
            for informer in self._informers:
                tasks.create_task(endless(informer.run()))
            tasks.create_task(self._lose_patience())

    @property
    def _informers(self) -> tuple[Informer[Any], ...]:
        return self.services, self.slices, self.namespaces

    @property
    def _answering(self) -> str:
        found = self.namespaces.store.get(KUBE_SYSTEM)
        return found.metadata.uid if found else ""

    async def _lose_patience(self) -> None:
        await asyncio.sleep(self._first_look)
        if self.connecting:
            self._overdue = True
            self._on_contact(self, False)

    def _namespace_changed(self, key: Key) -> None:
        """That one came or went is news to many, an edit of it is to nobody; the first list is told all at once."""
        if key == KUBE_SYSTEM and "namespaces" in self._in_view:
            self._contact()  # it may be another cluster's by now
        exists = self.namespaces.store.get(key) is not None
        if exists == (key in self._namespaces):
            return
        self._namespaces ^= {key}
        if "namespaces" in self._in_view:
            self._on_change(self, key)

    def _contact(self) -> None:
        if self.cluster.uid and self.is_itself:
            self._proved = self._answering
        facts = {"writable": self.writable, "live": self.live, "namespaces": self.namespaces.synced}
        old, self._in_view = self._in_view, {name for name, holds in facts.items() if holds}
        if old == self._in_view:
            return
        if "live" in self._in_view - old:
            self.since = utc_now()
        self._on_contact(self, self._in_view > old)
