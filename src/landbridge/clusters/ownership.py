"""Whose an EndpointSlice is: an import of ours, of which Service, from which cluster.

Labels say it, and anyone may edit labels. The name proves it: it ends in a hash of the fleet, the provider, the slice
that was copied, and its address type (rule S3). What was copied stands in an annotation, so the hash can be computed
again from the import alone. An import is ours if its labels say so, or if its name does; the name wins.
"""

from __future__ import annotations

import base64
import hashlib
import re

from landbridge.api.discovery import EndpointSlice
from landbridge.api.meta import Key
from landbridge.api.names import FLEET, MANAGER, SOURCE, SOURCE_CLUSTER

_NAME = re.compile(r"(?P<service>.+)-[a-z2-7]{16}")


def import_name(fleet: str, provider: str, slice_: EndpointSlice) -> str:
    """Name of the copy: bounded, readable, and the same in every consumer and after every restart (rule S3)."""
    return _name(fleet, provider, slice_.service, slice_.metadata.name, slice_.address_type)


def source_mark(provider: str, slice_: EndpointSlice) -> str:
    """What the annotation of a copy says."""
    return f"{provider}/{slice_.metadata.name}"


def imported(slice_: EndpointSlice, fleet: str) -> bool:
    """Whether the fleet wrote this slice: only such a one is ever changed or deleted."""
    return (slice_.managed_by == MANAGER and slice_.metadata.labels.get(FLEET) == fleet) or proved(slice_, fleet)


def stranger(slice_: EndpointSlice, fleet: str) -> str:
    """The uid of the other fleet that an import is of, a former one perhaps; empty where it is ours, or no import."""
    if slice_.managed_by != MANAGER or imported(slice_, fleet):
        return ""
    return slice_.metadata.labels.get(FLEET, "")


def source(import_: EndpointSlice, fleet: str) -> str:
    """The cluster that an import comes from."""
    if proved(import_, fleet):
        return import_.metadata.annotations[SOURCE].partition("/")[0]
    return import_.metadata.labels.get(SOURCE_CLUSTER, "")


def service_of(slice_: EndpointSlice) -> Key:
    """The Service that a slice belongs to; of what looks like an import, the one that its name begins with."""
    service = slice_.service
    if slice_.managed_by == MANAGER or SOURCE in slice_.metadata.annotations:
        service = _service(slice_) or service
    return Key(slice_.metadata.namespace, service)


def proved(slice_: EndpointSlice, fleet: str) -> bool:
    """Whether the name of a slice proves that the fleet wrote it, as a copy from the cluster that it names."""
    provider, slash, name = slice_.metadata.annotations.get(SOURCE, "").partition("/")
    if not slash:
        return False
    return slice_.metadata.name == _name(fleet, provider, _service(slice_), name, slice_.address_type)


def _service(slice_: EndpointSlice) -> str:
    found = _NAME.fullmatch(slice_.metadata.name)
    return found["service"] if found else ""


def _name(fleet: str, provider: str, service: str, name: str, address_type: str) -> str:
    """80 bits of SHA-256 over what makes a slice unique in a fleet; the parts cannot contain the separator."""
    identity = "/".join((fleet, provider, name, address_type))
    digest = hashlib.sha256(identity.encode()).digest()[:10]
    return f"{service}-{base64.b32encode(digest).decode().lower()}"
