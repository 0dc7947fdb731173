"""The fleet's record: what outlives the controller and belongs to no single object.

A ConfigMap on the hub. ``uid`` is generated once and travels with a backup, so a restored hub knows its imports again.
``debts`` names, per cluster, the MultiClusterServices that were deleted while it could not be reached (rule S11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from landbridge.api.core import CONFIG_MAPS, ConfigMap
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.names import FLEET_RECORD, SYSTEM_NAMESPACE
from landbridge.kube.api import Api
from landbridge.kube.errors import ConflictError, KubeError

Debts = Mapping[str, frozenset[Key]]


class RecordError(KubeError):
    """The fleet's record is not what we wrote."""


class FleetRecord(msgspec.Struct, frozen=True):
    """Who the fleet is, and what is still owed to whom."""

    uid: str
    debts: dict[str, frozenset[Key]] = {}
    meta: ObjectMeta = ObjectMeta()


async def load(api: Api) -> FleetRecord:
    """Read the record.

    Raises:
        KubeError: There is none (``landbridge fleet init`` makes it), or it cannot be read.
    """
    return read_record(await api.get(CONFIG_MAPS, FLEET_RECORD, SYSTEM_NAMESPACE))


async def add_debts(api: Api, owed: Mapping[str, Iterable[Key]]) -> None:
    """Note, for each cluster, MultiClusterServices whose imports it may still hold."""

    def added(debts: Debts) -> Debts:
        return {**debts, **{cluster: debts.get(cluster, frozenset()) | set(keys) for cluster, keys in owed.items()}}

    await _change(api, added)


async def settle(api: Api, cluster: str, keys: Iterable[Key]) -> None:
    """Note that ``cluster`` holds nothing of these any more."""
    await _change(api, lambda debts: {**debts, cluster: debts.get(cluster, frozenset()) - set(keys)})


async def drop(api: Api, cluster: str) -> None:
    """Forget what ``cluster`` owes: a person said so, or it left."""
    await _change(api, lambda debts: {**debts, cluster: frozenset()})


async def _change(api: Api, change: Callable[[Debts], Debts]) -> None:
    """Read, change, and put on top of the very version that was read, until no one came between."""
    while True:
        record = await load(api)
        debts = {cluster: keys for cluster, keys in change(record.debts).items() if keys}
        if debts == record.debts:
            return
        try:
            await api.replace(CONFIG_MAPS, render_record(msgspec.structs.replace(record, debts=debts)))
            return
        except ConflictError:
            continue


def render_record(record: FleetRecord) -> ConfigMap:
    """The ConfigMap that holds the record."""
    debts = {cluster: sorted(map(str, keys)) for cluster, keys in sorted(record.debts.items())}
    meta = msgspec.structs.replace(record.meta, name=FLEET_RECORD, namespace=SYSTEM_NAMESPACE)
    return ConfigMap(metadata=meta, data={"uid": record.uid, "debts": msgspec.json.encode(debts).decode()})


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
    return FleetRecord(data["uid"], owed, config_map.metadata)


def _key(text: str) -> Key:
    namespace, name = text.split("/")
    return Key(namespace, name)
