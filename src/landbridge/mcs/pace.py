"""How fast new imports of one Service may come from one provider (rule S9); no clock of its own.

A provider's control plane takes about a second to delete a slice that somebody forged. Who forges many would make all
consumers create and delete as many imports as he likes. So what a provider may bring of one Service is an allowance:
all that it offers at once, or `BURST` where that is more, and from then on `RATE` a second. A cold start and a
roll-out of a large Service never come near it. Updates and deletes are never held up, nor is any other provider.

What was first is first: a slice that is meant to stay outlives those that are deleted again, and gets its turn.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from landbridge.api.meta import Key
from landbridge.api.names import SOURCE_CLUSTER
from landbridge.mcs.plan import Change, Changes

BURST = 100
"""New imports of one Service from one provider that nobody asks about: 10,000 endpoints."""

RATE = 5.0
"""And how many more in each second."""

SOONEST = 0.01
"""Seconds, at least, until the next look: what is a rounding error short of its turn is not asked for at once."""

LIMITED = "TooManyNewSlices"


class Pace:
    """That of one consumer."""

    def __init__(self) -> None:
        self._spent: dict[tuple[Key, str], tuple[float, float]] = {}
        """Of each Service and provider how much of its allowance, and when that was so."""
        self.told: dict[Key, str] = {}
        """What waits of each Service, in words."""

    def admit(self, key: Key, changes: Changes, now: float) -> tuple[Changes, float]:
        """The changes, without new imports whose turn it is not; seconds until the next one may be made.

        ``now`` is in seconds, of a clock that only goes forward.
        """
        offered = Counter(slice_.metadata.labels.get(SOURCE_CLUSTER, "") for slice_ in changes.wanted.values())
        left = {provider: max(BURST, count) - self._debt(key, provider, now) for provider, count in offered.items()}
        admitted: list[Change] = []
        waiting: list[Change] = []
        lacking: dict[str, float] = {}
        for change in changes.create:
            provider = _provider(change)
            left[provider] = left.get(provider, BURST) - 1
            if left[provider] >= 0:
                admitted.append(change)
            else:
                waiting.append(change)
                lacking.setdefault(provider, -left[provider])
        self._tell(key, Counter(map(_provider, waiting)))
        if not waiting:
            return changes, 0.0
        held = replace(changes, create=tuple(admitted), withheld=(*changes.withheld, *waiting))
        return held, max(SOONEST, min(lacking.values()) / RATE)

    def created(self, key: Key, change: Change, now: float) -> None:
        """A new import was made."""
        provider = _provider(change)
        self._spent[key, provider] = (self._debt(key, provider, now) + 1, now)

    def _debt(self, key: Key, provider: str, now: float) -> float:
        amount, since = self._spent.get((key, provider), (0.0, now))
        debt = max(0.0, amount - (now - since) * RATE)
        if not debt:
            self._spent.pop((key, provider), None)
        return debt

    def _tell(self, key: Key, waiting: Counter[str]) -> None:
        self.told.pop(key, None)
        for provider, count in waiting.most_common(1):
            self.told[key] = (
                f"{provider} makes new EndpointSlices of this Service faster than {RATE:.0f} a second, so {count} wait "
                f"their turn; who makes them? kubectl --context {provider} -n {key.namespace} get endpointslices "
                f"-l kubernetes.io/service-name={key.name}"
            )


def _provider(change: Change) -> str:
    return change.slice.metadata.labels.get(SOURCE_CLUSTER, "")
