"""Leader election on a Lease: one controller leads, others stand by.

Unlike client-go's, a leader that cannot reach the hub goes on: a hub that is down must not stop the endpoints of its
members from following their pods (docs/adr/0007). It ends when it sees that another one took the Lease.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager

import structlog
from msgspec.structs import replace

from landbridge.api.coordination import LEASES, Lease, LeaseSpec
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import LEASE, SYSTEM_NAMESPACE
from landbridge.controller.http import Health
from landbridge.controller.lease import Sight, Times, held
from landbridge.kube.api import Api
from landbridge.kube.errors import ConflictError, KubeError, NotFoundError, UnreachableError
from landbridge.telemetry.metrics import LEADER
from landbridge.telemetry.text import shown

TICK = 0.001
"""Seconds more than needed: timers may fire a rounding error early."""

log = structlog.get_logger()


class LostLeadershipError(KubeError):
    """Another controller took the Lease; this one is a candidate again."""


class Election:
    """One candidate."""

    def __init__(self, api: Api, identity: str, times: Times) -> None:
        self._api = api
        self._identity = identity
        self._times = times
        self._sight = Sight(times)
        self._trouble = ""
        """Why the Lease is not in a candidate's view."""
        self._lease: Lease | None = None
        """As this one wrote it last, while it leads."""
        self._asked_at = self._renewed_at = self._unanswered_at = -math.inf
        """When the last request for it began, the last one that was granted, and the last one without an answer."""
        self._renewing = asyncio.Lock()

    @property
    def standby(self) -> Health:
        """Whether this candidate would take over if the leader died."""
        if not self._sight.recent(_now()):
            return Health(False, f"the Lease is out of view: {self._trouble or 'it was not read yet'}")
        return Health(True, f"ok, standing by; {shown(self._sight.spec.holder_identity or 'nobody')} leads")

    @property
    def holds(self) -> bool:
        """Whether nobody else can have been elected yet: the last renewal was asked for within the lease."""
        return self._lease is not None and _now() < self._renewed_at + self._times.lease

    async def permit(self) -> None:
        """For writes on the hub: only for who holds the Lease for sure, also after a sleep of any length (SIGSTOP).

        Raises:
            LostLeadershipError: Another one does.
            KubeError: It cannot be known.
        """
        if not self.holds:
            await self.renew()

    async def permit_in_members(self) -> None:
        """For writes in members: these go on while the hub is known to be away, which was asked a moment ago.

        Raises:
            LostLeadershipError: Another one holds the Lease.
        """
        if self.holds or (self._lease and _now() < self._unanswered_at + 3 * self._times.answer):
            return
        try:
            await self.renew()
        except LostLeadershipError:
            raise
        except KubeError as error:
            log.warning("lease not renewed", error=str(error))

    @asynccontextmanager
    async def lead(self) -> AsyncGenerator[None]:
        """Wait until elected; the body runs while the Lease is renewed, and is cancelled when it is lost.

        Raises:
            LostLeadershipError: In an ExceptionGroup.
        """
        await self._stand_by()
        LEADER.set(1)
        log.info("elected", identity=self._identity)
        try:
            async with asyncio.TaskGroup() as tasks:
                renewal = tasks.create_task(self._keep_renewed())
                yield
                renewal.cancel()
        finally:
            LEADER.set(0)
            await self._release()

    async def renew(self) -> None:
        """Prove, by a request that begins after the call, that this one still holds the Lease.

        Raises:
            LostLeadershipError: Another one does.
            KubeError: It cannot be known.
        """
        called_at = _now()
        async with self._renewing:
            if self._renewed_at >= called_at:  # for another caller
                return
            if self._unanswered_at >= called_at:
                raise UnreachableError("the hub did not answer another caller either")
            try:
                renewed = self._lease is not None and await self._answered(self._renew(self._lease))
            except KubeError:
                self._unanswered_at = self._asked_at
                raise
            if not renewed:
                self._lease = None
                raise LostLeadershipError("another controller took the Lease")

    async def _stand_by(self) -> None:
        while True:
            leader, trouble = self._sight.spec.holder_identity, ""
            try:
                if await self._answered(self._take()):
                    return
            except KubeError as error:
                trouble = str(error)
                self._sight.broke()
            if trouble and trouble != self._trouble:
                log.warning("lease not readable", error=trouble)
            elif leader != self._sight.spec.holder_identity:
                log.info("waiting for the lease", holder=self._sight.spec.holder_identity)
            self._trouble = trouble
            await asyncio.sleep(min(self._times.look, self._sight.left(_now()) + TICK))

    async def _keep_renewed(self) -> None:
        while True:
            await asyncio.sleep(self._due() + TICK)
            if self._due() > 0:  # it was renewed meanwhile, for somebody who wanted proof
                continue
            try:
                await self.renew()
            except LostLeadershipError:
                raise
            except KubeError as error:
                log.warning("lease not renewed", error=str(error))

    def _due(self) -> float:
        """Seconds until the next renewal."""
        return max(0.0, self._asked_at + self._times.retry - _now())

    async def _release(self) -> None:
        """Let the next one in without waiting; best effort."""
        try:
            await self._answered(self._give_up())
        except KubeError as error:
            log.warning("lease not released", error=str(error))

    async def _answered(self, request: Awaitable[bool]) -> bool:
        try:
            async with asyncio.timeout(self._times.answer):
                return await request
        except TimeoutError as error:
            raise UnreachableError(f"the hub gave no answer within {self._times.answer:g} s") from error

    async def _take(self) -> bool:
        """Take the Lease if it is free; false while somebody else holds it."""
        self._asked_at = began = _now()
        try:
            lease = await self._api.get(LEASES, LEASE, SYSTEM_NAMESPACE)
        except NotFoundError:
            lease = Lease(ObjectMeta(LEASE, SYSTEM_NAMESPACE), self._lease.spec if self._lease else LeaseSpec())
        else:
            self._sight.saw(lease, _now())
            if lease.spec.holder_identity not in (self._identity, None, "") and self._sight.left(_now()) > 0:
                return False
        return await self._put(lease, began)

    async def _renew(self, lease: Lease) -> bool:
        """One write, on top of the last one; whoever came between is looked at."""
        self._asked_at = began = _now()
        return await self._put(lease, began) or await self._take()

    async def _put(self, lease: Lease, began: float) -> bool:
        """Put our name into a version of the Lease, or a new one; false where somebody was faster."""
        wanted = replace(lease, spec=held(self._identity, lease.spec, self._times))
        write = self._api.replace if lease.metadata.resource_version else self._api.create
        try:
            self._lease = await write(LEASES, wanted)
        except (ConflictError, NotFoundError):
            self._sight.broke()
            return False
        self._renewed_at = began
        return True

    async def _give_up(self) -> bool:
        lease = await self._api.get(LEASES, LEASE, SYSTEM_NAMESPACE)
        if lease.spec.holder_identity == self._identity:
            await self._api.replace(LEASES, replace(lease, spec=replace(lease.spec, holder_identity="")))
        return True


def _now() -> float:
    return asyncio.get_running_loop().time()
