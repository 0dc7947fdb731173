"""What is told of one Service: where its endpoints are, who sees which, since when, and what is wrong.

Names of fields, and of what `verdict` says, are a contract: docs/service.md lists them, and a test holds them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Verdict = Literal["Well", "Wrong", "NotSeen", "NotFound"]


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """One thing that is wrong, or was not seen."""

    reason: str
    """One word in camel case: a state or a reason of the status, or one of this command's own."""
    message: str
    command: str = ""
    """What mends it, or shows more; words in angle brackets are for a person to fill in."""
    cluster: str = ""
    """Where; empty where it is no single cluster's."""
    by: Literal["look", "status"] = "look"
    """Whether it was seen just now, or is what the controller said when it last wrote the status."""


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """What the status says of a cluster, if it says anything."""

    state: str = ""
    since: str = ""


class ProviderReport(msgspec.Struct, frozen=True, rename="camel"):
    """What a cluster offers to others, as it is now. Counts are ``None`` where it was not seen."""

    cluster: str
    slices: int | None = None
    ready: int | None = None
    not_ready: int | None = None
    terminating: int | None = None
    not_exported: int | None = None
    """Slices of its Service that are not offered, imports aside: for want of a selector or of consent."""
    ports: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    """The first ones, ready ones before others."""
    more_addresses: int = 0
    """How many there are beside these."""
    offered: str = ""
    """How many of its ready endpoints the others get, where a ServiceMigration limits that."""
    changed: str = ""
    """When its slices last changed, as they say themselves."""
    status: Row = Row()


class ConsumerReport(msgspec.Struct, frozen=True, rename="camel"):
    """What a cluster has of one other. Counts are ``None`` where it was not seen."""

    cluster: str
    provider: str
    imports: int | None = None
    ready: int | None = None
    as_exported: bool | None = None
    """Whether they are what the provider exports now; ``None`` where one of the two was not seen."""
    since: str = ""
    """When the oldest import was made."""
    changed: str = ""
    """When what they copy last changed, as they say themselves."""
    status: Row = Row()


class ControllerReport(msgspec.Struct, frozen=True, rename="camel"):
    """Whether a controller is at work, by its Lease."""

    state: str
    message: str
    seen: str = ""


class ReadyReport(msgspec.Struct, frozen=True, rename="camel"):
    """Condition Ready, as the controller wrote it."""

    status: str = ""
    reason: str = ""
    since: str = ""


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """All of it."""

    namespace: str
    name: str
    verdict: Verdict
    at: str
    ready_endpoints: int | None
    """Over all providers; ``None`` where one of them was not seen."""
    ready: ReadyReport
    controller: ControllerReport
    providers: tuple[ProviderReport, ...]
    consumers: tuple[ConsumerReport, ...]
    findings: tuple[Finding, ...]
    beside: dict[str, str]
    """Clusters of the fleet that it does not name and that were not seen: whether they hold any of it is not known."""
