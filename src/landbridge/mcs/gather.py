"""From the caches to the input of a decision. Reads memory only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from landbridge.api.discovery import EndpointSlice, ready
from landbridge.api.meta import Key
from landbridge.api.multicluster import MultiClusterService
from landbridge.clusters.member import Member
from landbridge.clusters.ownership import imported, source, stranger
from landbridge.mcs.addresses import Gate, gate
from landbridge.mcs.cluster_view import ClusterView
from landbridge.mcs.ending import held
from landbridge.mcs.exports import exported, unexported
from landbridge.mcs.intent import NOT_KNOWN, Intent, intent
from landbridge.mcs.limit import Limit, outdated
from landbridge.mcs.pace import LIMITED
from landbridge.mcs.plan import plan
from landbridge.mcs.state import FleetState
from landbridge.mcs.views import ConsumerView, ProviderView, View
from landbridge.mcs.withheld import withheld
from landbridge.telemetry.text import shown

PENDING_AFTER = 1.0
"""Seconds after which an update that is not acknowledged is told. Every day's work is over before (rule S5)."""


def view(state: FleetState, member: Member, key: Key) -> View:
    """One Service in one consumer."""
    mcs = state.multicluster_services.get(key)
    service = member.services.store.get(key)
    imports = member.imports(key, state.uid)
    wanted, reason = intent(
        mcs,
        key,
        member.name,
        known=member.name in state.clusters,
        owed=state.owed(member.name, key),
        ended=key in state.ended,
        allowed=state.allows(member.name, key.namespace),
        leaving=state.leaving(member.name),
        swept=member.is_swept(imports),
        service=service,
        services_live=member.services.live and not member.services.doubts(key),
    )
    if wanted is Intent.REMOVE and not state.current:
        wanted = Intent.KEEP
    providers = _providers(state, mcs, member.name, imports) if mcs and wanted is Intent.SYNC else ()
    created = (service.metadata.creation_timestamp if service else None) or ""
    times = (member.since, created, state.decisive_since(key), *(p.since for p in _engaged(state, providers)))
    consumer = ConsumerView(member.name, service, imports, _own(member, key, state.uid))
    gone = _gone(state, member.name, imports) if wanted is Intent.KEEP and reason != NOT_KNOWN else frozenset[str]()
    return View(
        state.uid,
        key,
        wanted,
        reason,
        providers,
        consumer,
        max(times),
        state.current,
        listed=mcs.spec.providers if mcs else (),
        shared=mcs is not None and mcs.shares_host_names,
        gone=gone,
    )


def _own(member: Member, key: Key, fleet: str) -> tuple[EndpointSlice, ...]:
    """What may have host names of its own, if the Service is headless."""
    service = member.services.store.get(key)
    if service is None or not service.headless:
        return ()
    return tuple(slice_ for slice_ in member.slices.store.group(key) if not imported(slice_, fleet))


def _gone(state: FleetState, consumer: str, imports: tuple[EndpointSlice, ...]) -> frozenset[str]:
    """The clusters that a person sent away, among those that imports come from; none while the hub is out of view."""
    sources = {source(import_, state.uid) for import_ in imports} if state.current else ()
    return frozenset(name for name in sources if state.gone(name, consumer))


def cluster_view(state: FleetState, name: str, mcs: MultiClusterService, now: float) -> ClusterView:
    """One cluster, for the status of one MultiClusterService; ``now`` is the loop's time."""
    key = mcs.metadata.key
    allowed = state.allows(name, key.namespace)
    member, successor = state.members.get(name), state.successors.get(name, "")
    if member is None:
        trouble = _why_not_engaged(state, name)
        return ClusterView(
            name, state.joined(name), False, trouble, allowed, False, None, 0, 0, "", "", False, successor
        )
    service = member.services.store.get(key)
    slices = member.slices.store.group(key)
    own, imports = exported(service, slices), member.imports(key, state.uid)
    slow = state.paces[name].told.get(key, "")
    seen, provides = view(state, member, key), name in mcs.spec.providers
    return ClusterView(
        name=name,
        joined=state.joined(name),
        live=member.shows(provider=provides),
        trouble=member.trouble,
        allowed=allowed,
        namespace=service is not None or not member.lacks_namespace(key.namespace),
        service=service,
        own_ready=ready(own),
        imported_ready=_ready_by_source(state, imports),
        refused=member.refused.get(key, ""),
        failed=member.failed.get(key) or member.contested.get(key) or held(name, imports) or slow,
        pending=_pending(member, seen, now),
        successor=successor,
        strangers=tuple(sorted({stranger(slice_, state.uid) for slice_ in slices} - {""})),
        current=member.is_itself and member.services.live and not member.services.doubts(key),
        unexported=len(unexported(service, slices)) if provides else 0,
        withheld=(*withheld(seen), *([(LIMITED, f"{name}: {slow}")] if slow else [])),
        unread=_unread(state, member, key, provider=name in mcs.spec.providers),
        offered=_offered(state, mcs, member, ready(own)) if provides else "",
    )


def _offered(state: FleetState, mcs: MultiClusterService, provider: Member, own: int) -> str:
    """How many of a provider's endpoints the others get, and how much of new connections each has there, as it is."""
    key = mcs.metadata.key
    move = state.service_migrations.get(key)
    if move and move.spec.to not in mcs.spec.providers:
        return f"all: ServiceMigration {key.name} moves to {shown(move.spec.to)}, which is no provider"
    limit = Limit.of(move, provider.name)
    if limit is None or limit.count is None:
        return ""
    consumers = (state.members.get(name) for name in mcs.spec.consumers if name != provider.name)
    shares = ", ".join(_share(state, consumer, key, provider.name) for consumer in consumers if consumer)
    text = f"{min(limit.count, own)} of {own}"
    return f"{text}, about {shares}" if shares else text


def _share(state: FleetState, consumer: Member, key: Key, provider: str) -> str:
    """By endpoints, which is all that is known of connections here."""
    imports = consumer.imports(key, state.uid)
    theirs = ready(import_ for import_ in imports if source(import_, state.uid) == provider)
    every = _ready_by_source(state, imports) + ready(
        exported(consumer.services.store.get(key), consumer.slices.store.group(key))
    )
    return f"{theirs / every if every else 0:.0%} of new connections in {consumer.name}"


def leftovers(state: FleetState, mcs: MultiClusterService) -> dict[str, str]:
    """What clusters that are in view hold of it although the spec does not name them, and why they do."""
    key = mcs.metadata.key
    others = [member for name, member in state.members.items() if name not in mcs.spec.clusters and member.writable]
    return {
        member.name: member.refused.get(key) or member.failed.get(key) or "its imports are being removed"
        for member in others
        if member.imports(key, state.uid)
    }


def _ready_by_source(state: FleetState, imports: tuple[EndpointSlice, ...]) -> int:
    """One provider may have a family that another lacks, so each is counted by itself."""
    by_source: dict[str, list[EndpointSlice]] = {}
    for import_ in imports:
        by_source.setdefault(source(import_, state.uid), []).append(import_)
    return sum(map(ready, by_source.values()))


def pending_in(state: FleetState, mcs: MultiClusterService, now: float) -> float | None:
    """Seconds until something that is under way counts as pending, should it not be acknowledged by then."""
    members = (state.members[name] for name in mcs.spec.clusters if name in state.members)
    ages = (now - since for m in members if (since := m.queue.unsettled_since(mcs.metadata.key)) is not None)
    return min((PENDING_AFTER - age for age in ages if age < PENDING_AFTER), default=None)


def _pending(member: Member, seen: View, now: float) -> bool:
    """Whether something is left to write that is worth telling: Ready means acknowledged."""
    if seen.key in member.failed or seen.key in member.contested:
        return True
    changes = plan(seen)
    since = member.queue.unsettled_since(seen.key)
    return changes.adds_or_removes or (bool(changes) and (since is None or now - since >= PENDING_AFTER))


def _unread(state: FleetState, member: Member, key: Key, *, provider: bool) -> str:
    """What is there, may be of the Service, and cannot be read: so nobody knows whether all is as it should be."""
    if member.services.doubts(key):
        return f"Service {key.name}"
    if provider and _limit_unknown(state, key):
        return f"ServiceMigration {key.name}, on the hub"
    slices = _unread_slices(member, key) if provider else frozenset()
    return "an EndpointSlice without a name" if slices is None else ", ".join(f"EndpointSlice {s}" for s in slices)


def _limit_unknown(state: FleetState, key: Key) -> bool:
    """Whether nobody knows how much may be offered; what was read once is known (rule S7)."""
    return state.service_migrations.get(key) is None and state.may_be_limited(key)


def _unread_slices(member: Member, key: Key) -> frozenset[str] | None:
    """The slices that cannot be read and may be of the Service, by name; ``None`` where any may be among them."""
    unread = member.slices.unread
    if None in unread:
        return None
    return frozenset(one.name for one in unread if one and one.namespace == key.namespace)


def _why_not_engaged(state: FleetState, name: str) -> str:
    if failure := state.failures.get(name):
        return f"its engagement failed and is tried again: {failure}"
    return "not engaged yet" if state.clusters.get(name) else "its Secret was refused; see the controller's log"


def _providers(
    state: FleetState, mcs: MultiClusterService, consumer: str, imports: tuple[EndpointSlice, ...]
) -> tuple[ProviderView, ...]:
    """The providers that take part; one that is not engaged, or has no Secret, is there and blind (rule S7)."""
    return tuple(
        _provider(state, name, mcs.metadata.key, _gate(state, name, consumer, imports), imports)
        for name in mcs.spec.providers
        if name != consumer and not state.gone(name, consumer) and state.allows(name, mcs.metadata.namespace)
    )


def _gate(state: FleetState, provider: str, consumer: str, imports: tuple[EndpointSlice, ...]) -> Gate:
    """By what a person declared of both; what was imported already stays where nothing is declared (rule S7)."""
    theirs, ours = state.described_as(provider), state.described_as(consumer)
    declared = theirs.pod_cidrs if theirs else ()
    barred = (*ours.pod_cidrs, *ours.service_cidrs) if ours else ()
    known = () if declared else _addresses(one for one in imports if source(one, state.uid) == provider)
    return gate(declared, barred, known)


def _addresses(slices: Iterable[EndpointSlice]) -> Iterator[str]:
    return (address for one in slices for endpoint in one.endpoints or () for address in endpoint.addresses)


def _provider(state: FleetState, name: str, key: Key, gate: Gate, imports: tuple[EndpointSlice, ...]) -> ProviderView:
    member = state.members.get(name)
    limit = Limit.of(state.service_migrations.get(key), name)
    theirs = (import_ for import_ in imports if source(import_, state.uid) == name)
    if member is None or _limit_unknown(state, key) or (not state.in_contact() and outdated(theirs, limit)):
        return ProviderView(name, False, None, ())
    service, slices = member.services.store.get(key), member.slices.store.group(key)
    unread = _unread_slices(member, key)
    live = member.live and not member.services.doubts(key) and unread is not None  # or any import may be from that one
    return ProviderView(name, live, service, slices, unread or frozenset(), gate, limit)


def _engaged(state: FleetState, providers: tuple[ProviderView, ...]) -> list[Member]:
    return [state.members[provider.name] for provider in providers if provider.name in state.members]
