"""CRDs that are there already: ours are upgraded without a question, those of others only by a person's word.

A CRD of the same name may be a vendor's (an ACK fleet instance has one): to replace it takes away what only that one
has, under the feet of the vendor's own controller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from landbridge.api.names import PART_OF, PRODUCT
from landbridge.enroll.manifests import FIELD_MANAGER, describe, read
from landbridge.enroll.progress import Report, few
from landbridge.fleet.rbac import Manifest
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api

FOREIGN_CRD = "ForeignCRD"
INCOMPATIBLE_CRD = "IncompatibleCRD"

_ANYTHING = "x-kubernetes-preserve-unknown-fields"


class Existing(StrEnum):
    """What to do about a CRD that is not ours."""

    REFUSE = "refuse"
    REPLACE = "replace"
    KEEP = "keep"


async def to_apply(hub: Api, wanted: Sequence[Manifest], existing: Existing, report: Report) -> list[Manifest]:
    """Those of the CRDs that are to be applied.

    Raises:
        RefusedError: One is not ours, and nobody said what to do; or it is to be kept and would not do.
    """
    return [definition for definition in wanted if await _applies(hub, definition, existing, report)]


async def _applies(hub: Api, wanted: Manifest, existing: Existing, report: Report) -> bool:
    found = await read(hub, wanted)
    if found is None or is_ours(found):
        return True
    changes = "; ".join(differences(found, wanted)) or "nothing that it lacks or has beyond ours"
    if existing is Existing.REPLACE:
        report(f"{describe(wanted)} is not ours and is replaced: {changes}")
        return True
    if existing is Existing.REFUSE:
        raise RefusedError(
            FOREIGN_CRD,
            f"{hub.server} has {describe(wanted)} already, and it is not ours; to replace it would change: {changes}. "
            "Take another cluster as the hub; or give --existing-crd keep to use it as it is, or replace",
        )
    if lacks := shortcomings(found, wanted):
        raise RefusedError(
            INCOMPATIBLE_CRD,
            f"{describe(wanted)} in {hub.server} cannot be used as it is: {'; '.join(lacks)}. Take another cluster as "
            "the hub; or give --existing-crd replace",
        )
    report(f"{describe(wanted)} is not ours and stays as it is")
    return False


def is_ours(found: Manifest) -> bool:
    """Whether we made it: by our label, or, as earlier versions left it, by who applied it."""
    meta = found.get("metadata", {})
    applied = any(
        entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply"
        for entry in meta.get("managedFields", [])
    )
    return applied or meta.get("labels", {}).get(PART_OF) == PRODUCT


def differences(found: Manifest, wanted: Manifest) -> list[str]:
    """What replacing one by the other changes, in words."""
    changes = []
    if gone := sorted(set(_versions(found)) - set(_versions(wanted))):
        changes.append(f"versions {', '.join(gone)} go")
    if scope := _changed(found, wanted, "scope"):
        changes.append(f"scope {scope}")
    for name, version in _versions(wanted).items():
        if not (before := _versions(found).get(name)):
            changes.append(f"version {name} comes")
            continue
        if lost := list(unknown(_schema(before), _schema(version))):
            changes.append(f"fields of {name} go: {few(lost)}")
        if new := list(unknown(_schema(version), _schema(before))):
            changes.append(f"fields of {name} come: {few(new)}")
    return changes


def shortcomings(found: Manifest, wanted: Manifest) -> list[str]:
    """Why the controller could not work with the CRD that is there."""
    lacks = []
    if scope := _changed(found, wanted, "scope"):
        lacks.append(f"scope {scope}")
    for name, version in _versions(wanted).items():
        there = _versions(found).get(name, {})
        if not there.get("served"):
            lacks.append(f"it does not serve version {name}")
            continue
        if "status" not in there.get("subresources", {}):
            lacks.append(f"{name} has no subresource status")
        if lost := list(unknown(_schema(version), _schema(there))):
            lacks.append(f"{name} would drop {few(lost)}")
    return lacks


def unknown(schema: Mapping[str, Any], other: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Paths of the fields in ``schema`` that an API server with ``other`` would drop."""
    if other.get(_ANYTHING):
        return
    for name, part in schema.get("properties", {}).items():
        if not path and name == "metadata":
            continue
        here = f"{path}.{name}".lstrip(".")
        beside = other.get("properties", {}).get(name, other.get("additionalProperties"))
        if isinstance(beside, Mapping):
            yield from unknown(part, beside, here)
        elif not beside:
            yield here
    if "items" in schema:
        yield from unknown(schema["items"], other.get("items", {}), f"{path}[]")


def _changed(found: Manifest, wanted: Manifest, field: str) -> str:
    before, after = found.get("spec", {}).get(field), wanted["spec"][field]
    return "" if before == after else f"{before} instead of {after}"


def _versions(definition: Manifest) -> dict[str, Manifest]:
    return {version["name"]: version for version in definition.get("spec", {}).get("versions", [])}


def _schema(version: Manifest) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = version.get("schema", {}).get("openAPIV3Schema", {})
    return schema
