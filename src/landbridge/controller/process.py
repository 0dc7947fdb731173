"""The controller's life: metrics, election, then the work."""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from landbridge.api.core import SECRETS
from landbridge.api.migration import SERVICE_MIGRATIONS
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import HUB_ACCOUNT, SYSTEM_NAMESPACE
from landbridge.clusters.bulkhead import endless, shielded
from landbridge.clusters.engagements import Engagements
from landbridge.clusters.member import Member
from landbridge.controller.events import EventRecorder
from landbridge.controller.http import Health, serve
from landbridge.controller.imports import ImportReconciler
from landbridge.controller.leader import Election, LostLeadershipError
from landbridge.controller.lease import Times
from landbridge.controller.multicluster_services import MultiClusterServiceReconciler
from landbridge.controller.router import Router
from landbridge.controller.sweeper import AFTER, Sweeper
from landbridge.fleet.cluster import CLUSTER_SELECTOR
from landbridge.fleet.keeper import FleetChangedError, RecordKeeper
from landbridge.fleet.record import FleetRecord
from landbridge.fleet.renewal import keep_renewed
from landbridge.fleet.stores import kubeconfig_store
from landbridge.kube.api import Api
from landbridge.kube.config import ConfigError, load
from landbridge.kube.credentials import StaticToken
from landbridge.kube.explain import first_cause
from landbridge.kube.guarded import GuardedApi
from landbridge.kube.informer import Informer
from landbridge.kube.patience import Patience
from landbridge.mcs.departure import Departures
from landbridge.mcs.holdings import holdings
from landbridge.mcs.state import FleetState
from landbridge.telemetry.metrics import FOREIGN, IMPORTS, QUEUE, UNEXPLAINED

log = structlog.get_logger()


@dataclass(frozen=True)
class Options:
    """What a person may choose."""

    kubeconfig: Path
    """Written by ``landbridge fleet init``: the hub, and the controller's own account there."""
    listen: str = "127.0.0.1:8090"
    """Address of /metrics, /healthz and /readyz."""
    times: Times = field(default_factory=Times)
    """Of the leader election."""
    patience: Patience = field(default_factory=Patience)
    """Of all watches, on the hub and in the members."""
    sweep_after: float = AFTER
    """Seconds between two looks at what nothing explains."""


async def run(options: Options) -> None:
    """Run until cancelled.

    Raises:
        KubeError: The kubeconfig, the address, or the hub's record is not usable.
    """
    config = await asyncio.to_thread(load, None, options.kubeconfig)
    if not config.token:
        raise ConfigError(
            f"{options.kubeconfig} holds no token; the controller uses only what `landbridge fleet init "
            "--controller-kubeconfig` writes: no exec plugins, files or client certificates"
        )
    token = StaticToken(config.token)
    async with Api(config, token, options.patience) as hub, asyncio.TaskGroup() as tasks:
        tasks.create_task(keep_renewed(hub, HUB_ACCOUNT, token, kubeconfig_store(options.kubeconfig)))
        controller: Controller | None = None  # only a leader has one
        election = Election(hub, _identity(), options.times)

        def ready() -> Health:
            return controller.health if controller else election.standby

        def refresh() -> None:
            if controller:
                controller.refresh_gauges()

        async with serve(options.listen, ready, refresh):
            while True:
                try:
                    async with election.lead():
                        controller = Controller(hub, election, options.sweep_after)
                        await controller.run()
                except* LostLeadershipError as group:
                    log.warning("no longer the leader, a candidate again", error=str(group.exceptions[0]))
                except* FleetChangedError as group:
                    log.warning("fleet made anew, starting over", error=str(first_cause(group)))
                controller = None


class Controller:
    """Everything that only the leader does."""

    def __init__(self, connection: Api, election: Election, sweep_after: float) -> None:
        self._sweep_after = sweep_after
        self._hub = hub = GuardedApi(connection, election.permit)
        self._multicluster_services = Informer(
            hub,
            MULTI_CLUSTER_SERVICES,
            on_change=shielded(lambda key: self._router.service_changed(key), "multi-cluster service not heeded"),
            on_deleted=shielded(lambda mcs: self._router.service_deleted(mcs), "multi-cluster service not heeded"),
            on_contact=self._contact,
        )
        self._service_migrations = Informer(
            hub,
            SERVICE_MIGRATIONS,
            on_change=shielded(lambda key: self._router.migration_changed(key), "service migration not heeded"),
            on_contact=self._contact,
        )
        self._secrets = Informer(
            hub,
            SECRETS,
            namespace=SYSTEM_NAMESPACE,
            selector=CLUSTER_SELECTOR,
            on_change=shielded(lambda key: self._engagements.secret_changed(key), "cluster Secret not heeded"),
            on_contact=self._contact,
        )
        self._count = shielded(self._count_imports, "imports not counted")
        self._in_view = asyncio.Event()
        self._state = FleetState(
            uid="",
            multicluster_services=self._multicluster_services.store,
            service_migrations=self._service_migrations.store,
            may_be_limited=self._service_migrations.doubts,
            current=False,
        )
        self._state.permit = election.permit_in_members
        self._state.in_contact = lambda: election.holds
        self._record = RecordKeeper(hub, self._state.ledger, on_change=self._record_changed, on_contact=self._contact)
        self._events = EventRecorder(hub)
        self._reconciler = MultiClusterServiceReconciler(self._state, hub, self._events.tell)
        self._router = Router(self._state, self._reconciler.queue)
        self._engagements = Engagements(
            self._state,
            hub,
            self._secrets.store,
            listener=self._router,
            duty=self._keep_imports,
            departures=Departures(self._state),
        )

    @property
    def health(self) -> Health:
        """Whether the hub is in view."""
        sights = (self._multicluster_services, self._service_migrations, self._secrets, self._record)
        if all(sight.live for sight in sights):
            return Health(True, "ok, leading")
        errors = (str(sight.error) for sight in sights if sight.error)
        return Health(False, f"leading, but the hub is out of view: {next(errors, 'not everything is read yet')}")

    async def run(self) -> None:
        """Work, forever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._record.run())
            known = await self._record.loaded()
            self._state.uid = known.uid
            log.info("fleet loaded", fleet=known.uid, debts=sum(map(len, known.debts.values())))
            tasks.create_task(self._multicluster_services.run())
            tasks.create_task(self._service_migrations.run())
            tasks.create_task(self._secrets.run())
            await self._in_view.wait()  # what is joined, and who, is known before anything is decided (rules S7, S11)
            tasks.create_task(self._engagements.run(tasks))
            tasks.create_task(self._reconciler.run())
            tasks.create_task(self._events.run())

    async def _keep_imports(self, member: Member) -> None:
        reconciler = ImportReconciler(self._state, member, self._router.report)
        sweeper = Sweeper(self._state, member, self._hub, self._sweep_after)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(endless(reconciler.run()))
            tasks.create_task(endless(sweeper.run()))

    def _record_changed(self, before: FleetRecord) -> None:
        self._router.record_changed(before)
        self._engagements.record_changed()

    def _contact(self) -> None:
        """Contact with the hub was won or lost; what may have been held back meanwhile is looked at again."""
        self._state.current = self.health.ok
        if self._state.current:
            self._in_view.set()
            self._router.roster_changed()

    def refresh_gauges(self) -> None:
        """Count what is only counted when somebody asks."""
        for name in self._state.members:
            self._count(name)

    def _count_imports(self, cluster: str) -> None:
        state, member = self._state, self._state.members[cluster]
        found = holdings(member.slices.store, state.uid, lambda key: state.explains(cluster, key))
        QUEUE.labels(cluster).set(len(member.queue))
        IMPORTS.labels(cluster).set(found.imports)
        UNEXPLAINED.labels(cluster).set(len(found.unexplained))
        FOREIGN.labels(cluster).set(found.foreign.total())


def _identity() -> str:
    return f"{platform.node()}_{os.getpid()}_{secrets.token_hex(4)}"
