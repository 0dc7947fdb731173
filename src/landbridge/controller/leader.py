"""Leader election on a Lease: one controller acts, others wait.

Unlike client-go's, a holder that cannot reach the hub goes on: a hub that is down must not stop the endpoints of its
members from following their pods (docs/adr/0007). It stops when it sees that another one took the lease; until then two
may write, and the resource versions that writes carry let only the one with the newer view succeed (rule S5).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from msgspec.structs import replace

from landbridge.api.coordination import LEASES, Lease, LeaseSpec
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import LEASE, SYSTEM_NAMESPACE
from landbridge.kube.api import Api
from landbridge.kube.clock import utc_now_micro
from landbridge.kube.errors import ConflictError, KubeError, NotFoundError
from landbridge.telemetry.metrics import LEADER

log = structlog.get_logger()


class LostLeadershipError(Exception):
    """Another controller took the Lease; this one is a candidate again."""


@dataclass(frozen=True)
class Times:
    """Seconds, with client-go's defaults."""

    lease: float = 15.0
    """How long a lease holds after its last renewal."""
    retry: float = 2.0
    """How often the holder renews, and a candidate looks."""


class Election:
    """One candidate. It trusts its own clock only: a lease is old when it has not changed for ``Times.lease`` here."""

    def __init__(self, api: Api, identity: str, times: Times) -> None:
        self._api = api
        self._identity = identity
        self._times = times
        self._seen: Lease | None = None
        self._seen_at = 0.0

    @asynccontextmanager
    async def lead(self) -> AsyncGenerator[None]:
        """Wait until elected; the body runs while the Lease is renewed, and is cancelled when it is lost.

        Raises:
            LostLeadershipError: In an ExceptionGroup.
        """
        await self._acquire()
        LEADER.set(1)
        log.info("elected", identity=self._identity)
        try:
            async with asyncio.TaskGroup() as tasks:
                renewal = tasks.create_task(self._renew())
                yield
                renewal.cancel()
        finally:
            LEADER.set(0)
            await self._release()

    async def _acquire(self) -> None:
        waiting_for = ""
        while True:
            try:
                if await self._try():
                    return
            except KubeError as error:
                log.warning("lease not readable", error=str(error))
            holder = (self._seen.spec.holder_identity if self._seen else None) or ""
            if holder != waiting_for:
                waiting_for = holder
                log.info("waiting for the lease", holder=holder)
            await asyncio.sleep(self._times.retry)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._times.retry)
            try:
                held = await self._try()
            except KubeError as error:
                log.warning("lease not renewed", error=str(error))
                continue
            if not held:
                raise LostLeadershipError("another controller took the lease")

    async def _release(self) -> None:
        """Let the next one in without waiting; best effort."""
        try:
            lease = await self._api.get(LEASES, LEASE, SYSTEM_NAMESPACE)
            if lease.spec.holder_identity == self._identity:
                await self._api.replace(LEASES, replace(lease, spec=replace(lease.spec, holder_identity="")))
        except KubeError as error:
            log.warning("lease not released", error=str(error))

    async def _try(self) -> bool:
        """Take or renew the Lease; false while somebody else holds it."""
        try:
            lease = await self._api.get(LEASES, LEASE, SYSTEM_NAMESPACE)
        except NotFoundError:
            await self._api.create(LEASES, Lease(ObjectMeta(LEASE, SYSTEM_NAMESPACE), self._spec(LeaseSpec())))
            return True
        if lease.spec.holder_identity not in (self._identity, None, "") and not self._expired(lease):
            return False
        try:
            await self._api.replace(LEASES, replace(lease, spec=self._spec(lease.spec)))
        except ConflictError:
            return False
        return True

    def _expired(self, lease: Lease) -> bool:
        now = asyncio.get_running_loop().time()
        if self._seen is None or lease.metadata.resource_version != self._seen.metadata.resource_version:
            self._seen, self._seen_at = lease, now
        return now - self._seen_at > (lease.spec.lease_duration_seconds or self._times.lease)

    def _spec(self, old: LeaseSpec) -> LeaseSpec:
        now = utc_now_micro()
        mine = old.holder_identity == self._identity
        return LeaseSpec(
            holder_identity=self._identity,
            lease_duration_seconds=max(1, round(self._times.lease)),
            acquire_time=old.acquire_time if mine else now,
            renew_time=now,
            lease_transitions=(old.lease_transitions or 0) + (not mine),
        )
