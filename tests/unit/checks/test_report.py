"""What is told of a Service: counts, ages and names, bounded, and under names that stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from landbridge.api.discovery import Conditions, Endpoint, EndpointPort
from landbridge.checks import findings, remedies
from landbridge.checks.shapes import Report
from tests.unit.checks.stage import NEW, OLD, Stage
from tests.unit.objects import mcs, slice_

OWN_REASONS = [value for name, value in vars(findings).items() if name.isupper() and isinstance(value, str)]
ROOT = Path(__file__).parents[3]


async def test_providers_are_told_by_what_they_export_now(stage: Stage) -> None:
    conditions = (Conditions(True), Conditions(False), Conditions(False, True, True))
    endpoints = tuple(Endpoint((f"10.2.0.{9 - n}",), one) for n, one in enumerate(conditions))
    stage.place(NEW, replace(slice_("service2-more", changed="2026-02-01T00:00:00Z"), endpoints=endpoints))
    stage.place(NEW, slice_("service2-byhand", "10.2.0.66", manager="a-person"))
    found = (await stage.report()).providers[1]
    assert (found.cluster, found.slices, found.ready, found.not_ready, found.terminating) == (NEW, 2, 3, 1, 1)
    assert found.addresses == ("10.2.0.1", "10.2.0.2", "10.2.0.9", "10.2.0.8", "10.2.0.7")
    assert (found.not_exported, found.ports, found.changed) == (1, ("http 8080/TCP",), "2026-02-01T00:00:00Z")


async def test_an_endpoint_of_two_families_counts_once(stage: Stage) -> None:
    stage.place(NEW, slice_("service2-six", "fd00::1", "fd00::2", address_type="IPv6"))
    assert (await stage.report()).providers[1].ready == 2


async def test_a_thousand_endpoints_are_counted_and_a_few_are_named(stage: Stage) -> None:
    for number in range(10):
        stage.place(NEW, slice_(f"service2-{number}", *(f"10.2.{number + 1}.{host}" for host in range(100))))
    found = await stage.report()
    provider = found.providers[1]
    assert (provider.slices, provider.ready, len(provider.addresses), provider.more_addresses) == (11, 1002, 10, 992)
    assert len(msgspec.json.encode(found)) < 5_000


async def test_consumers_are_told_by_what_they_have_of_each_provider(stage: Stage) -> None:
    stage.put_slice(OLD, "10.1.0.1")
    old, new = (await stage.report()).consumers
    assert (old.cluster, old.provider, old.imports, old.ready, old.as_exported) == (OLD, NEW, 1, 2, True)
    assert (new.cluster, new.provider, new.imports, new.ready, new.as_exported) == (NEW, OLD, 1, 2, False)
    assert (old.since, old.status.state) == ("2026-01-01T00:00:00Z", "Synced")
    assert old.status.since == stage.status.clusters[0].last_sync_time


async def test_a_consumer_outside_the_fleet_is_named_and_nothing_is_said_of_it(stage: Stage) -> None:
    stage.put_mcs(mcs(OLD, "third"))
    (third, *left) = (await stage.report()).consumers
    assert (third.cluster, third.provider, third.imports, third.as_exported) == ("third", "", None, None)
    assert [one.as_exported for one in left] == [False, False]


async def test_what_others_write_is_short_and_harmless(stage: Stage) -> None:
    odd = EndpointPort("\x1b]0;pwned\x07\x9b31m" + "x" * 5_000, "TCP", 1)
    more = slice_("service2-odd", "\x1b[2J", changed="9999\x1b[2J")
    stage.place(NEW, replace(more, ports=(odd,)))
    found = (await stage.report()).providers[1]
    assert found.ports[1].startswith("?]0;pwned??31mxxx")
    assert len(found.ports[1]) == 300
    assert "?[2J" in found.addresses
    assert found.changed == "2026-01-01T00:00:00Z"


def test_every_reason_is_documented() -> None:
    told = (ROOT / "docs" / "service.md").read_text() + (ROOT / "docs" / "reference.md").read_text()
    assert [reason for reason in (*OWN_REASONS, *remedies.MENDS) if f"`{reason}`" not in told] == []


def fields(schema: dict[str, Any]) -> dict[str, list[str]]:
    return {name: sorted(body["properties"]) for name, body in schema["$defs"].items()}


def test_the_names_in_json_stay_and_are_documented() -> None:
    found = fields(msgspec.json.schema(Report))
    assert found == {
        "ConsumerReport": [
            "asExported",
            "changed",
            "cluster",
            "imports",
            "provider",
            "ready",
            "since",
            "status",
        ],
        "ControllerReport": ["message", "seen", "state"],
        "Finding": ["by", "cluster", "command", "message", "reason"],
        "ProviderReport": [
            "addresses",
            "changed",
            "cluster",
            "moreAddresses",
            "notExported",
            "notReady",
            "offered",
            "ports",
            "ready",
            "slices",
            "status",
            "terminating",
        ],
        "ReadyReport": ["reason", "since", "status"],
        "Report": [
            "at",
            "beside",
            "consumers",
            "controller",
            "findings",
            "name",
            "namespace",
            "providers",
            "ready",
            "readyEndpoints",
            "verdict",
        ],
        "Row": ["since", "state"],
    }
    told = (ROOT / "docs" / "service.md").read_text()
    assert [name for names in found.values() for name in names if f"`{name}`" not in told] == []
