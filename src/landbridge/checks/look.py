"""One look at one Service: the hub, and then all clusters at once, each with the controller's own address and token.

What is read goes into caches as the controller has them, so that its own rules say what should be (`mcs/gather`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from landbridge.api.kind import Kind
from landbridge.api.meta import Key, Object
from landbridge.api.migration import SERVICE_MIGRATIONS
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, MultiClusterService
from landbridge.api.names import FINALIZER
from landbridge.checks.controller import read_controller
from landbridge.checks.facts import Controller, Facts, Seen
from landbridge.checks.findings import BEHIND, LEFT_BEHIND, OLD_STATUS, findings
from landbridge.checks.reading import TIMEOUT, Connect, answer
from landbridge.clusters.member import Member
from landbridge.fleet.ledger import Ledger
from landbridge.fleet.members import Entry
from landbridge.fleet.record import FleetRecord
from landbridge.fleet.trouble import read_trouble
from landbridge.kube.api import Api
from landbridge.kube.clock import utc_now
from landbridge.kube.errors import NotFoundError
from landbridge.kube.informer import own_key
from landbridge.kube.store import Store
from landbridge.mcs.ending import holding_up
from landbridge.mcs.gather import cluster_view, view
from landbridge.mcs.state import FleetState
from landbridge.mcs.status import ENDING

MOMENT = 1.5
"""Seconds after which a change has arrived, and the status says so, if nothing holds it up (rule S5)."""

PASSING = frozenset({BEHIND, LEFT_BEHIND, OLD_STATUS, ENDING})
"""What may be over in a moment."""


T = TypeVar("T", bound=Object)


@dataclass(frozen=True)
class Known:
    """What the hub says of its fleet."""

    record: FleetRecord
    entries: Sequence[Entry]
    hidden: str = ""
    """Why a person may not see that."""


async def look(hub: Api, known: Known, key: Key, *, connect: Connect = Api, timeout: float = TIMEOUT) -> Facts:
    """Read what concerns the Service, everywhere.

    Raises:
        KubeError: The hub refused, or gave no answer.
    """
    mcs, migration, controller = await asyncio.gather(
        _find(hub, MULTI_CLUSTER_SERVICES, key), _find(hub, SERVICE_MIGRATIONS, key), read_controller(hub)
    )
    answers = await asyncio.gather(*(answer(entry, key, connect, timeout) for entry in known.entries))
    found = dict(zip((entry.name for entry in known.entries), answers, strict=True))
    members = {name: answer for name, answer in found.items() if isinstance(answer, Member)}
    unseen = {name: answer for name, answer in found.items() if isinstance(answer, str)}
    if known.hidden:
        unseen |= dict.fromkeys(mcs.spec.clusters if mcs else ("",), known.hidden)
    state = _state(known, mcs, members, unseen)
    state.service_migrations = {key: migration} if migration else {}
    return _facts(state, key, mcs, controller, unseen, known.entries)


async def settled(see: Callable[[], Awaitable[Facts]], sleep: Callable[[float], Awaitable[None]]) -> Facts:
    """What is so for longer than a moment: clusters are read one beside the other, and changes are on their way."""
    facts = await see()
    if all(finding.reason not in PASSING and finding.by == "look" for finding in findings(facts)):
        return facts
    await sleep(MOMENT)
    return await see()


async def _find(hub: Api, kind: Kind[T], key: Key) -> T | None:
    try:
        return await hub.get(kind, key.name, key.namespace)
    except NotFoundError:
        return None


def _state(
    known: Known, mcs: MultiClusterService | None, members: dict[str, Member], unseen: dict[str, str]
) -> FleetState:
    """What a controller would know that saw just this."""
    store = Store[MultiClusterService](own_key)
    store.replace([_held(mcs)] if mcs else [], "")
    state = FleetState(
        uid=known.record.uid,
        clusters={entry.name: entry.cluster for entry in known.entries},
        ledger=Ledger(known.record),
        members=members,
        failures=dict(unseen),
        multicluster_services=store,
    )
    for entry in known.entries:
        state.sign(entry.name, entry.meta.creation_timestamp)
    return state


def _held(mcs: MultiClusterService) -> MultiClusterService:
    """With our finalizer, which a controller puts on before anything else."""
    finalizers = tuple(dict.fromkeys((*mcs.metadata.finalizers, FINALIZER)))
    return replace(mcs, metadata=replace(mcs.metadata, finalizers=finalizers))


def _facts(
    state: FleetState,
    key: Key,
    mcs: MultiClusterService | None,
    controller: Controller,
    unseen: dict[str, str],
    entries: Iterable[Entry],
) -> Facts:
    now = asyncio.get_running_loop().time()
    troubles = {entry.name: trouble for entry in entries if (trouble := read_trouble(entry.meta))}
    return Facts(
        key=key,
        mcs=mcs,
        fleet=state.uid,
        controller=controller,
        at=utc_now(),
        seen={name: _seen(state, member, key) for name, member in state.members.items()},
        unseen=unseen,
        rows=tuple(cluster_view(state, name, mcs, now) for name in mcs.spec.clusters) if mcs else (),
        left=holding_up(state, key) if mcs and mcs.metadata.deletion_timestamp else {},
        troubles=troubles,
    )


def _seen(state: FleetState, member: Member, key: Key) -> Seen:
    return Seen(member.services.store.get(key), member.slices.store.group(key), view(state, member, key))
