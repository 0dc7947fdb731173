"""Doing what the schedule says, and noting which losses that excuses."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial

from landbridge_lab.errors import LabError

from landbridge.api.core import SECRETS, SERVICE_ACCOUNTS
from landbridge.api.discovery import SLICES
from landbridge.api.meta import ObjectMeta
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import CLUSTER_LABEL, CLUSTER_LABEL_VALUE, MANAGER, SYNC_ACCOUNT, SYSTEM_NAMESPACE
from landbridge.fleet.cluster import PREFIX
from landbridge.kube.errors import KubeError, NotFoundError
from tests.api.controller_process import ControllerProcess
from tests.api.world import HUB
from tests.soak.journal import Journal
from tests.soak.nonsense import Proxy
from tests.soak.schedule import Fault, Joined, Kind
from tests.soak.stage import EMPTIED, Stage
from tests.soak.verdict import Excuse, Pause

Do = Callable[[Fault], Awaitable[None]]
IDLE_SECONDS = 1.5


class Faults:
    """Everything that can be done to a stage and its controllers."""

    def __init__(
        self,
        stage: Stage,
        proxies: Mapping[str, Proxy],
        controller: ControllerProcess,
        second: ControllerProcess,
        journal: Journal,
    ) -> None:
        self.excuses: list[Excuse] = []
        self._stage = stage
        self._world = stage.world
        self._proxies = proxies
        self._controller = controller
        self._second = second
        self._journal = journal
        self._draw = random.Random(-stage.schedule.seed)
        self._controllers = asyncio.Lock()
        """Held by whoever does something to controllers."""
        self._revoked: set[str] = set()
        """Clusters whose account was taken away."""
        self._hidden: set[str] = set()
        """Clusters whose Secret was hidden."""
        self.played: list[Fault] = []
        self.pauses: list[Pause] = []
        """When a controller, or an API server, stood still."""
        self.failed: list[str] = []
        """What could not be done: of that the soak says nothing, and so it is no success."""
        self._do: dict[Kind, Do] = {
            Kind.CUT: self._cut,
            Kind.FREEZE: self._cut,
            Kind.DELAY: self._cut,
            Kind.IDLE: self._cut,
            Kind.ETCD_RESTART: self._restart_etcd,
            Kind.COMPACTED: self._compact,
            Kind.RESTORE: self._restore,
            Kind.NONSENSE: self._nonsense,
            Kind.KILL: self._kill,
            Kind.STOP: self._stop,
            Kind.DOUBLE: self._double,
            Kind.SERVICE: self._delete_service,
            Kind.NAMESPACE: self._delete_namespace,
            Kind.IMPORT: self._delete_imports,
            Kind.SECRET: self._hide_secret,
            Kind.EMPTIED: self._empty_hub,
            Kind.ENDED: self._end_services,
            Kind.TOKEN: self._revoke_token,
        }

    async def play(self, lane: tuple[Fault, ...]) -> None:
        """The faults of one lane, each at its time."""
        for fault in lane:
            await asyncio.sleep(max(0.0, fault.at - self._journal.now()))
            self._journal.note(f"begins: {fault}")
            try:
                await self._do[fault.kind](fault)
                self.played.append(fault)
                self._journal.note(f"is over: {fault}")
            except (KubeError, LabError, TimeoutError) as error:
                self.failed.append(f"not done: {fault}: {error!r}")

    @asynccontextmanager
    async def _excused(
        self, cluster: str, namespace: str = "", name: str = "", *, consumer_only: bool = False
    ) -> AsyncGenerator[None]:
        begin = self._journal.now()
        try:
            yield
        finally:
            self.excuses.append(Excuse(begin, self._journal.now(), cluster, namespace, name, consumer_only))

    async def _cut(self, fault: Fault) -> None:
        cluster = self._world.cluster(fault.cluster)
        match fault.kind:
            case Kind.DELAY:
                await cluster.cut(api=True, mode="delay", delay=0.2)
            case Kind.IDLE:
                await cluster.cut(api=True, mode="idle", after=IDLE_SECONDS)
            case kind:
                await cluster.cut(api=True, mode="freeze" if kind is Kind.FREEZE else "cut")
        begin = self._journal.now()
        await asyncio.sleep(fault.seconds)
        await cluster.heal()
        self.pauses.append(Pause(begin, self._journal.now(), fault.cluster))

    async def _restart_etcd(self, fault: Fault) -> None:
        await self._world.lab.restart(fault.cluster, "etcd")

    async def _compact(self, fault: Fault) -> None:
        await self._world.lab.compact(fault.cluster)
        await self._world.lab.restart(fault.cluster, "kube-apiserver")

    async def _restore(self, fault: Fault) -> None:
        """Put back what it was some seconds before."""
        await self._world.lab.snapshot(fault.cluster)
        await asyncio.sleep(fault.seconds)
        async with self._excused(fault.cluster, consumer_only=True):
            await self._world.lab.restore(fault.cluster)
        await self._mend_again(fault.cluster)

    async def _mend_again(self, cluster: str) -> None:
        """What a person mended since the snapshot is broken again: an account that was taken away, a hidden Secret, a
        Service or a namespace that was deleted, a MultiClusterService that had vanished."""
        at_hub = cluster == HUB
        await self._insist(partial(self._stage.remake, cluster), EMPTIED)
        for joined in self._stage.present() if at_hub else ():
            await self._insist(partial(self._stage.make_mcs, joined))
        for name in sorted(self._revoked if at_hub else self._revoked & {cluster}):
            await self._insist(partial(self._world.join, name))
        for name in sorted(self._hidden if at_hub else ()):
            await self._insist(partial(self._label, name, CLUSTER_LABEL_VALUE))

    async def _nonsense(self, fault: Fault) -> None:
        async with self._proxies[fault.cluster].nonsense(self._draw):
            await asyncio.sleep(fault.seconds)

    async def _kill(self, fault: Fault) -> None:
        async with self._controllers:
            await self._controller.end(signal.SIGKILL)
            await asyncio.sleep(fault.seconds / 2)
            await self._controller.spawn()

    async def _stop(self, fault: Fault) -> None:
        async with self._controllers, self._stopped():
            await asyncio.sleep(fault.seconds)

    async def _double(self, fault: Fault) -> None:
        """A second one waits for the Lease; then the first is stopped for longer than it holds, and goes on."""
        async with self._controllers:
            await self._second.spawn()
            async with self._stopped():
                await asyncio.sleep(4)
            await asyncio.sleep(fault.seconds / 2)
            await self._second.end(self._draw.choice([signal.SIGKILL, signal.SIGTERM]))

    @asynccontextmanager
    async def _stopped(self) -> AsyncGenerator[None]:
        begin = self._journal.now()
        os.kill(self._controller.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._controller.pid, signal.SIGCONT)
            self.pauses.append(Pause(begin, self._journal.now()))

    async def _delete_service(self, fault: Fault) -> None:
        joined = self._some()
        async with self._excused(fault.cluster, joined.namespace, joined.name):
            await self._insist(lambda: self._stage.delete_service(fault.cluster, joined))
            await asyncio.sleep(fault.seconds / 2)
            await self._insist(lambda: self._stage.make_service(fault.cluster, joined))

    async def _delete_namespace(self, fault: Fault) -> None:
        namespace = self._some().namespace
        within = [joined for joined in self._stage.schedule.services if joined.namespace == namespace]
        async with self._excused(fault.cluster, namespace):
            await self._insist(lambda: self._stage.delete_namespace(fault.cluster, namespace))
            await self._insist(lambda: self._stage.make_namespace(fault.cluster, namespace), EMPTIED)
            for joined in within:
                await self._insist(partial(self._stage.make_service, fault.cluster, joined))
                if fault.cluster in joined.providers:
                    await self._insist(partial(self._stage.publish, fault.cluster, joined))

    async def _delete_imports(self, fault: Fault) -> None:
        """Some of them; an API server that is away just now keeps them."""
        api = self._world.admins[fault.cluster]
        with suppress(KubeError):
            for slice_ in (await api.list(SLICES)).items:
                if slice_.managed_by == MANAGER and self._draw.random() < 0.3:
                    meta = ObjectMeta(slice_.metadata.name, slice_.metadata.namespace)
                    async with self._excused(fault.cluster, meta.namespace, slice_.service, consumer_only=True):
                        await api.delete(SLICES, meta)

    async def _hide_secret(self, fault: Fault) -> None:
        """A relabelled Secret is one that the controller does not see."""
        self._hidden.add(fault.cluster)
        await self._insist(lambda: self._label(fault.cluster, None))
        await asyncio.sleep(fault.seconds)
        await self._insist(lambda: self._label(fault.cluster, CLUSTER_LABEL_VALUE))

    async def _label(self, cluster: str, value: str | None) -> None:
        meta = ObjectMeta(f"{PREFIX}{cluster}", SYSTEM_NAMESPACE)
        await self._world.hub.merge_patch(SECRETS, meta, {"metadata": {"labels": {CLUSTER_LABEL: value}}})

    async def _empty_hub(self, fault: Fault) -> None:
        """MultiClusterServices vanish, as from an older backup: no controller sees them end. Then they are put back."""
        gone = self._stage.present()
        async with self._controllers, self._stopped():
            for joined in gone:
                await self._insist(partial(self._vanish, joined))
        await asyncio.sleep(fault.seconds)
        for joined in gone:
            await self._insist(partial(self._stage.make_mcs, joined))

    async def _vanish(self, joined: Joined) -> None:
        meta = ObjectMeta(joined.name, joined.namespace)
        with suppress(NotFoundError):
            await self._world.hub.merge_patch(MULTI_CLUSTER_SERVICES, meta, {"metadata": {"finalizers": None}})
            await self._world.hub.delete(MULTI_CLUSTER_SERVICES, meta)

    async def _end_services(self, fault: Fault) -> None:
        for _ in range(3):
            joined = self._some()
            self.excuses.append(Excuse(self._journal.now(), float("inf"), "", joined.namespace, joined.name))
            self._stage.ended.add((joined.namespace, joined.name))
            await self._insist(partial(self._stage.delete_mcs, joined))

    async def _revoke_token(self, fault: Fault) -> None:
        """The account goes, and every token of it; joining again makes both."""
        api = self._world.admins[fault.cluster]
        self._revoked.add(fault.cluster)
        with suppress(NotFoundError):
            await self._insist(lambda: api.delete(SERVICE_ACCOUNTS, ObjectMeta(SYNC_ACCOUNT, SYSTEM_NAMESPACE)))
        await asyncio.sleep(fault.seconds)
        await self._insist(lambda: self._world.join(fault.cluster))

    def _some(self) -> Joined:
        return self._draw.choice(self._stage.schedule.services)

    async def _insist(self, attempt: Callable[[], Awaitable[object]], seconds: float = 40) -> None:
        """API servers are away now and then."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await attempt()
                    return
                except (KubeError, TimeoutError):
                    await asyncio.sleep(0.2)
