"""What was seen, judged: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Service = tuple[str, str]
"""Namespace and name."""


SETTLE = 5.0
"""Seconds after a deletion that the schedule made, in which what it took away may come back."""

SEEN = 2.0
"""Seconds by which what happens in one cluster may be seen later than what follows from it in another."""


@dataclass(frozen=True, order=True)
class Pause:
    """When a controller stood still; or, with ``cluster``, when no write reached that one in time."""

    begin: float
    end: float
    cluster: str = ""


@dataclass(frozen=True)
class Loss:
    """A consumer no longer had an endpoint that it had had; seconds from the start."""

    at: float
    consumer: str
    provider: str
    service: Service

    def __str__(self) -> str:
        return f"{self.at:.2f} s: {self.consumer} lost {self.provider}'s endpoint of {'/'.join(self.service)}"


@dataclass(frozen=True)
class Gap:
    """A provider itself did not publish its endpoint for a while: of that, no consumer is to blame for a loss."""

    provider: str
    service: Service
    begin: float
    end: float = float("inf")

    def explains(self, loss: Loss, pauses: Sequence[Pause] = ()) -> bool:
        """Whether a consumer lost just this."""
        same = (self.provider, self.service) == (loss.provider, loss.service)
        return same and self.begin - SEEN <= loss.at and awake(self.end, loss, pauses) <= SETTLE

    def __str__(self) -> str:
        return f"{self.begin:.2f} s: {self.provider} itself did not publish its endpoint of {'/'.join(self.service)}"


@dataclass(frozen=True)
class Excuse:
    """Losses that the schedule itself brought about, from one moment to another.

    ``cluster`` is the consumer or the provider; with ``consumer_only``, the consumer. ``namespace`` and ``name`` are
    empty where all of them are meant.
    """

    begin: float
    end: float
    cluster: str
    namespace: str = ""
    name: str = ""
    consumer_only: bool = False

    def covers(self, loss: Loss, pauses: Sequence[Pause] = ()) -> bool:
        """Whether it explains a loss."""
        clusters = (loss.consumer,) if self.consumer_only else (loss.consumer, loss.provider)
        return (
            self.begin <= loss.at
            and awake(self.end, loss, pauses) <= SETTLE
            and (not self.cluster or self.cluster in clusters)
            and self.namespace in ("", loss.service[0])
            and self.name in ("", loss.service[1])
        )


def awake(begin: float, loss: Loss, pauses: Iterable[Pause]) -> float:
    """Seconds from a moment to a loss in which nothing paused.

    A controller that stood still sees what was, and only then what is; an API server that was frozen does what was
    asked of it before.
    """
    seconds, at = 0.0, begin
    for pause in sorted(pause for pause in pauses if pause.cluster in ("", loss.consumer)):
        seconds += max(0.0, min(pause.begin, loss.at) - at)
        at = max(at, pause.end)
    return seconds + max(0.0, loss.at - at)


def unexcused(
    losses: Iterable[Loss], excuses: Sequence[Excuse], gaps: Sequence[Gap] = (), pauses: Sequence[Pause] = ()
) -> list[Loss]:
    """The losses that nothing explains."""
    rest = (loss for loss in losses if not any(excuse.covers(loss, pauses) for excuse in excuses))
    return [loss for loss in rest if not any(gap.explains(loss, pauses) for gap in gaps)]


def unpublished(gaps: Iterable[Gap], excuses: Sequence[Excuse]) -> list[Gap]:
    """The gaps that the schedule did not make: by them the soak itself is wrong."""
    as_losses = {gap: Loss(gap.begin, gap.provider, gap.provider, gap.service) for gap in gaps}
    return [gap for gap, loss in as_losses.items() if unexcused([loss], excuses)]


Endpoints = frozenset[tuple[str, bool]]
"""Addresses, and whether each is ready."""
Held = Mapping[tuple[str, Service, str], Endpoints]
"""By consumer, Service and provider."""


def differences(expected: Held, found: Held) -> list[str]:
    """What consumers hold and should not, or should and do not, a line each."""
    lines = []
    for key in sorted({*expected, *found}):
        want, have = expected.get(key, frozenset()), found.get(key, frozenset())
        if want != have:
            consumer, service, provider = key
            missing = ", ".join(sorted(f"{address} ready={ready}" for address, ready in want - have)) or "nothing"
            more = ", ".join(sorted(f"{address} ready={ready}" for address, ready in have - want)) or "nothing"
            lines.append(f"{consumer}: {'/'.join(service)} from {provider}: missing {missing}; too much {more}")
    return lines
