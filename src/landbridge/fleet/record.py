"""The fleet's record: what outlives the controller and belongs to no single object. A ConfigMap on the hub.

``uid`` is generated once and travels with a backup, so a restored hub knows its imports again. The rest is for rule
S11: who is a member, so that a Secret which vanishes for a moment is no farewell; who left, and when; and the debts:
the MultiClusterServices that ended while a cluster was away which may hold imports of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from landbridge.api.core import CONFIG_MAPS, ConfigMap
from landbridge.api.meta import Key, ObjectMeta
from landbridge.api.names import FLEET_RECORD, SYSTEM_NAMESPACE
from landbridge.kube.api import Api
from landbridge.kube.errors import KubeError


class RecordError(KubeError):
    """The fleet's record is missing, or not what we wrote."""


class FleetRecord(msgspec.Struct, frozen=True):
    """Who the fleet is, who is in it, and what is still owed. Times are RFC 3339, UTC, and empty where unknown."""

    uid: str
    debts: Mapping[str, frozenset[Key]] = {}
    """What each cluster may still hold; who owes nothing is not named."""
    owing: Mapping[str, str] = {}
    """Since when each of these owes something."""
    left: Mapping[str, str] = {}
    """Clusters that left properly or were forced out, and when."""
    members: frozenset[str] = frozenset()
    """Clusters that joined and did not leave, whether or not the hub has their Secrets just now."""
    meta: ObjectMeta = ObjectMeta()


class _Debts(msgspec.Struct, frozen=True):
    """Services that the same clusters owe: each name is stored once, since a ConfigMap ends at 1 MiB."""

    clusters: tuple[str, ...]
    services: dict[str, tuple[str, ...]]
    """Names by namespace."""


async def load(api: Api) -> FleetRecord:
    """Read the record.

    Raises:
        KubeError: There is none (``landbridge fleet init`` makes it), or it cannot be read.
    """
    return read_record(await api.get(CONFIG_MAPS, FLEET_RECORD, SYSTEM_NAMESPACE))


def render_record(record: FleetRecord) -> ConfigMap:
    """The ConfigMap that holds the record; ``read_record`` is its inverse."""
    parts = {
        "debts": _render_debts(record.debts),
        "owing": dict(sorted(record.owing.items())),
        "left": dict(sorted(record.left.items())),
        "members": sorted(record.members),
    }
    data = {name: msgspec.json.encode(part).decode() for name, part in parts.items()}
    meta = replace(record.meta, name=FLEET_RECORD, namespace=SYSTEM_NAMESPACE)
    return ConfigMap(metadata=meta, data={"uid": record.uid, **data})


def size(config_map: ConfigMap) -> int:
    """Bytes, as an API server counts them against its limit for a ConfigMap."""
    return sum(len(key) + len(value.encode()) for key, value in (config_map.data or {}).items())


def read_record(config_map: ConfigMap) -> FleetRecord:
    """The record that a ConfigMap holds, also as earlier versions wrote it.

    Raises:
        RecordError: Someone else wrote into it.
    """
    data, where = config_map.data or {}, f"ConfigMap {config_map.metadata.key}"
    uid = data.get("uid")
    if not uid:
        raise RecordError(f"{where} has no uid; delete it and {restore('UID')}")
    try:
        return FleetRecord(
            uid,
            debts=_read_debts(data.get("debts", "[]")),
            owing=msgspec.json.decode(data.get("owing", "{}"), type=dict[str, str]),
            left=_read_left(data.get("left", "{}")),
            members=msgspec.json.decode(data.get("members", "[]"), type=frozenset[str]),
            meta=config_map.metadata,
        )
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise RecordError(f"{where} cannot be read ({error}); delete it and {restore(uid)}") from error


def restore(uid: str) -> str:
    """How to get a record back; with a new uid, all imports would be those of another fleet."""
    return (
        f"restore it from a backup, or run `landbridge fleet init --fleet {uid}` with the uid that the imports carry "
        "as label landbridge.dev/fleet"
    )


def _render_debts(debts: Mapping[str, Iterable[Key]]) -> list[_Debts]:
    debtors: dict[Key, list[str]] = {}
    for cluster in sorted(debts):
        for key in debts[cluster]:
            debtors.setdefault(key, []).append(cluster)
    groups: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for key in sorted(debtors):
        groups.setdefault(tuple(debtors[key]), {}).setdefault(key.namespace, []).append(key.name)
    return [
        _Debts(clusters, {namespace: tuple(names) for namespace, names in services.items()})
        for clusters, services in sorted(groups.items())
    ]


def _read_debts(text: str) -> dict[str, frozenset[Key]]:
    found = msgspec.json.decode(text, type=list[_Debts] | dict[str, list[str]])
    if isinstance(found, dict):  # as earlier versions wrote it
        return {cluster: frozenset(map(_key, keys)) for cluster, keys in found.items()}
    debts: dict[str, set[Key]] = {}
    for group in found:
        keys = {Key(namespace, name) for namespace, names in group.services.items() for name in names}
        for cluster in group.clusters:
            debts.setdefault(cluster, set()).update(keys)
    return {cluster: frozenset(keys) for cluster, keys in debts.items()}


def _read_left(text: str) -> dict[str, str]:
    if text.startswith("{"):
        return msgspec.json.decode(text, type=dict[str, str])
    return dict.fromkeys(filter(None, text.split(",")), "")  # as earlier versions wrote it


def _key(text: str) -> Key:
    namespace, name = text.split("/")
    return Key(namespace, name)
