"""Whether what a consumer imports is what its providers export now: the controller's own plan says so; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from landbridge.api.discovery import EndpointSlice
from landbridge.checks.facts import Facts
from landbridge.clusters.ownership import imported, source
from landbridge.mcs.intent import CONSUMER
from landbridge.mcs.plan import Changes, plan
from landbridge.mcs.views import View


@dataclass(frozen=True)
class Pair:
    """What one consumer has of one provider."""

    consumer: str
    provider: str
    imports: tuple[EndpointSlice, ...]
    create: int = 0
    """How many imports are still to be made, changed and removed."""
    update: int = 0
    delete: int = 0
    known: bool = True
    """Whether the provider was seen, and anything follows from that."""

    @property
    def behind(self) -> bool:
        """Whether something is left to write."""
        return bool(self.create or self.update or self.delete)

    @property
    def as_exported(self) -> bool | None:
        """Whether the imports are right; ``None`` where that cannot be said."""
        return not self.behind if self.known or self.behind else None


def pairs(facts: Facts) -> list[Pair]:
    """Each consumer that was seen, with each provider, and with whatever else its imports come from."""
    return [pair for name in sorted(facts.seen) for pair in _pairs(facts, name, facts.seen[name].view)]


def _pairs(facts: Facts, consumer: str, view: View) -> list[Pair]:
    imports = [slice_ for slice_ in view.consumer.imports if imported(slice_, facts.fleet)]
    changes = plan(view)
    expected = _providers(facts, consumer)
    names = dict.fromkeys((*expected, *sorted(source(slice_, facts.fleet) for slice_ in imports)))
    return [_pair(facts, view, changes, name, imports) for name in names]


def _providers(facts: Facts, consumer: str) -> tuple[str, ...]:
    if facts.mcs is None or consumer not in facts.mcs.spec.consumers:
        return ()
    return tuple(name for name in facts.mcs.spec.providers if name != consumer)


def _pair(facts: Facts, view: View, changes: Changes, provider: str, imports: Sequence[EndpointSlice]) -> Pair:
    def count(slices: Sequence[EndpointSlice]) -> int:
        return sum(source(slice_, facts.fleet) == provider for slice_ in slices)

    live = {one.name: one.live for one in view.providers}
    return Pair(
        view.consumer.name,
        provider,
        tuple(slice_ for slice_ in imports if source(slice_, facts.fleet) == provider),
        count([change.slice for change in (*changes.create, *changes.withheld)]),
        count([change.slice for change in changes.update]),
        count([change.slice for change in changes.delete]),
        known=view.reason == CONSUMER and live.get(provider, True),
    )
