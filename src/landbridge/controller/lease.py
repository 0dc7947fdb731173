"""What a Lease says, and for how long it has said so; the times of an election."""

from __future__ import annotations

import math
from dataclasses import dataclass

from landbridge.api.coordination import Lease, LeaseSpec
from landbridge.kube.clock import utc_now_micro


@dataclass(frozen=True)
class Times:
    """Seconds, with client-go's defaults."""

    lease: float = 15.0
    """How long a Lease holds after its last renewal."""
    retry: float = 2.0
    """How often the holder renews it."""

    @property
    def answer(self) -> float:
        """How long an answer may take: a hub that hangs costs a renewal, and no Lease."""
        return max(self.retry, 1.0)

    @property
    def look(self) -> float:
        """How often a standby looks: what it learns late of a renewal, it takes over late."""
        return self.retry / 4

    @property
    def gap(self) -> float:
        """The most between two looks of an unbroken view; who was stopped meanwhile (SIGSTOP) begins anew."""
        return self.answer * 2


class Sight:
    """For how long a Lease has stood unchanged, by this machine's clock alone.

    Only an unbroken view counts. When a hub comes back that was frozen for longer than the lease, its leader needs a
    moment to renew, and must not be taken for dead because it could not before.
    """

    def __init__(self, times: Times) -> None:
        self.spec = LeaseSpec()
        """As last seen."""
        self._times = times
        self._at = -math.inf
        self._since = -math.inf
        self._version = ""

    def saw(self, lease: Lease, now: float) -> None:
        """It was read."""
        version = lease.metadata.resource_version
        if version != self._version or now - self._at > self._times.gap:
            self._version, self._since = version, now
        self._at, self.spec = now, lease.spec

    def broke(self) -> None:
        """It could not be read, or not be taken."""
        self._version = ""

    def left(self, now: float) -> float:
        """How much longer it has to be watched, unchanged, to be free for all."""
        if not self._version:
            return math.inf
        return max(0.0, self._since + (self.spec.lease_duration_seconds or self._times.lease) - now)

    def recent(self, now: float) -> bool:
        """Whether it was seen within the lease."""
        return now - self._at <= self._times.lease


def held(by: str, old: LeaseSpec, times: Times) -> LeaseSpec:
    """The Lease taken or renewed by that controller."""
    now = utc_now_micro()
    renewed = old.holder_identity == by
    return LeaseSpec(
        holder_identity=by,
        lease_duration_seconds=math.ceil(times.lease),
        acquire_time=old.acquire_time if renewed else now,
        renew_time=now,
        lease_transitions=(old.lease_transitions or 0) + (not renewed),
    )
