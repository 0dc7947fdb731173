"""The fleet's record: what outlives the controller and belongs to no single object.

A ConfigMap on the hub. ``uid`` is generated once and travels with a backup, so a restored hub knows its imports again.
``debts`` names, per cluster, the MultiClusterServices that were deleted while it could not be reached; ``left``, the
clusters that left properly, so that one which comes back later gives up what it imports from them (rule S11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec.structs import replace

from landbridge.api.core import CONFIG_MAPS, ConfigMap
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.names import FLEET_RECORD, SYSTEM_NAMESPACE
from landbridge.kube.api import Api
from landbridge.kube.errors import ConflictError, KubeError


class RecordError(KubeError):
    """The fleet's record is not what we wrote."""


class FleetRecord(msgspec.Struct, frozen=True):
    """Who the fleet is, and what is still owed to whom."""

    uid: str
    debts: dict[str, frozenset[Key]] = {}
    left: frozenset[str] = frozenset()
    meta: ObjectMeta = ObjectMeta()


async def load(api: Api) -> FleetRecord:
    """Read the record.

    Raises:
        KubeError: There is none (``landbridge fleet init`` makes it), or it cannot be read.
    """
    return read_record(await api.get(CONFIG_MAPS, FLEET_RECORD, SYSTEM_NAMESPACE))


async def add_debts(api: Api, owed: Mapping[str, Iterable[Key]]) -> None:
    """Note, for each cluster, MultiClusterServices whose imports it may still hold."""

    def added(record: FleetRecord) -> FleetRecord:
        more = {cluster: record.debts.get(cluster, frozenset()) | set(keys) for cluster, keys in owed.items()}
        return replace(record, debts={**record.debts, **more})

    await _change(api, added)


async def settle(api: Api, cluster: str, keys: Iterable[Key]) -> None:
    """Note that ``cluster`` holds nothing of these any more."""

    def settled(record: FleetRecord) -> FleetRecord:
        rest = record.debts.get(cluster, frozenset()) - set(keys)
        return replace(record, debts={**record.debts, cluster: rest})

    await _change(api, settled)


async def drop(api: Api, cluster: str) -> None:
    """Note that ``cluster`` left: what it owes is forgotten, and what others hold from it may go, now or later."""

    def dropped(record: FleetRecord) -> FleetRecord:
        return replace(record, debts={**record.debts, cluster: frozenset()}, left=record.left | {cluster})

    await _change(api, dropped)


async def returned(api: Api, cluster: str) -> None:
    """Note that ``cluster`` is a member again: should its Secret vanish, that is no farewell any more."""
    await _change(api, lambda record: replace(record, left=record.left - {cluster}))


async def _change(api: Api, change: Callable[[FleetRecord], FleetRecord]) -> None:
    """Read, change, and put on top of the very version that was read, until no one came between."""
    while True:
        record = await load(api)
        changed = change(record)
        changed = replace(changed, debts={cluster: keys for cluster, keys in changed.debts.items() if keys})
        if changed == record:
            return
        try:
            await api.replace(CONFIG_MAPS, render_record(changed))
            return
        except ConflictError:
            continue


def render_record(record: FleetRecord) -> ConfigMap:
    """The ConfigMap that holds the record."""
    debts = {cluster: sorted(map(str, keys)) for cluster, keys in sorted(record.debts.items())}
    meta = replace(record.meta, name=FLEET_RECORD, namespace=SYSTEM_NAMESPACE)
    data = {"uid": record.uid, "debts": msgspec.json.encode(debts).decode(), "left": ",".join(sorted(record.left))}
    return ConfigMap(metadata=meta, data=data)


def read_record(config_map: ConfigMap) -> FleetRecord:
    """The record that a ConfigMap holds.

    Raises:
        RecordError: Someone else wrote into it.
    """
    data, where = config_map.data or {}, f"ConfigMap {config_map.metadata.key}"
    if not data.get("uid"):
        raise RecordError(f"{where} has no uid; restore it, or delete it and run `landbridge fleet init`")
    try:
        debts = msgspec.json.decode(data.get("debts", "{}"), type=dict[str, list[str]])
        owed = {cluster: frozenset(map(_key, keys)) for cluster, keys in debts.items()}
    except (msgspec.DecodeError, ValueError) as error:
        raise RecordError(f"{where}: debts are not readable ({error}); restore it") from error
    return FleetRecord(data["uid"], owed, frozenset(filter(None, data.get("left", "").split(","))), config_map.metadata)


def _key(text: str) -> Key:
    namespace, name = text.split("/")
    return Key(namespace, name)
