"""What ``landbridge service`` says to a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from landbridge.checks.shapes import ConsumerReport, Finding, ProviderReport, Report, Row
from landbridge.cli.options import print_table

PROVIDERS = ("PROVIDER", "ENDPOINTS", "SLICES", "PORTS", "CHANGED", "STATUS", "ADDRESSES")
CONSUMERS = ("CONSUMER", "SEES OF", "READY", "IMPORTS", "AS EXPORTED", "MADE", "CHANGED", "STATUS")

FEW = 3
"""Addresses that a line has room for."""

MOST = 50
"""Lines of a table, and things that are wrong: a Service of 100 clusters has 9,900 pairs of them."""

UNKNOWN = "?"
"""Stands for what was not seen."""

_SAID = {True: "yes", False: "no", None: UNKNOWN}
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def show(found: Report) -> None:
    """Print it: what there is in tables, then what is wrong, each with its command below."""
    print(_head(found))
    _table(PROVIDERS, [_provider(one, found.at) for one in found.providers])
    _table(CONSUMERS, [_consumer(one, found.at) for one in found.consumers])
    console = Console(soft_wrap=True)
    for line in (*_limits(found), *_findings(found)):
        console.print(Text(line))
    print(_foot(found))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        print_table(columns, [*rows[:MOST], *([(_more(rows),)] if rows[MOST:] else [])])


def _more(rows: Sequence[object]) -> str:
    return f"... and {len(rows) - MOST} more: see -o json"


def _head(found: Report) -> str:
    count = UNKNOWN if found.ready_endpoints is None else found.ready_endpoints
    status = f"Ready {found.ready.status}, {found.ready.reason}" if found.ready.status else "no status"
    since = f" for {_age(found.ready.since, found.at)}" if found.ready.since else ""
    return (
        f"{found.namespace}/{found.name}: {count} ready endpoints; status: {status}{since}; {found.controller.message}"
    )


def _provider(one: ProviderReport, now: str) -> tuple[str, ...]:
    more = len(one.addresses[FEW:]) + one.more_addresses
    addresses = " ".join((*one.addresses[:FEW], *([f"+{more}"] if more else ())))
    ports = ", ".join(one.ports) if one.slices is not None else UNKNOWN
    age, status = _age(one.changed, now), _status(one.status, now)
    return one.cluster, _endpoints(one), _count(one.slices), ports, age, status, addresses


def _endpoints(one: ProviderReport) -> str:
    others = {"not ready": one.not_ready, "terminating": one.terminating}
    return ", ".join([f"{_count(one.ready)} ready", *(f"{count} {what}" for what, count in others.items() if count)])


def _consumer(one: ConsumerReport, now: str) -> tuple[str, ...]:
    sees = one.provider or (UNKNOWN if one.imports is None else "")
    times = _age(one.since, now), _age(one.changed, now)
    counts = map(_count, (one.ready, one.imports))
    return one.cluster, sees, *counts, _SAID[one.as_exported], *times, _status(one.status, now)


def _limits(found: Report) -> Iterable[str]:
    for one in found.providers:
        if one.offered:
            yield f"{one.cluster} offers {one.offered} (ServiceMigration {found.name})"


def _findings(found: Report) -> Iterable[str]:
    for finding in found.findings[:MOST]:
        yield from _finding(finding)
    if found.findings[MOST:]:
        yield _more(found.findings)
    for cluster, why in found.beside.items():
        yield f"not looked at: {cluster}, which it does not name: {why}"


def _finding(finding: Finding) -> Iterable[str]:
    where = f"{finding.cluster}: " if finding.cluster else ""
    said = "the status says " if finding.by == "status" else ""
    message = finding.message.replace(f"run: {finding.command}", "").rstrip("; ,")  # it stands below
    yield f"{where}{finding.reason}" + (f": {said}{message}" if message else "")
    if finding.command:
        yield f"    {finding.command}"


def _foot(found: Report) -> str:
    wrong = sum(finding.reason != "NotSeen" for finding in found.findings)
    unseen = len(found.findings) - wrong
    if not found.findings:
        return "All is well: every consumer has what every provider offers."
    parts = [f"{wrong} found wrong"] if wrong else ["nothing found wrong in what was seen"]
    return "; ".join([*parts, *([f"{unseen} clusters not seen"] if unseen else [])]) + "."


def _count(count: int | None) -> str:
    return UNKNOWN if count is None else str(count)


def _status(row: Row, now: str) -> str:
    age = _age(row.since, now)
    return f"{row.state} {age}".strip() if row.state else "-"


def _age(then: str, now: str) -> str:
    """As kubectl has it: the largest unit alone; empty where one of the two is no time."""
    try:
        seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(then)).total_seconds()
    except (ValueError, TypeError):
        return ""
    seconds = max(0, int(seconds))
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds >= size), ("s", 1))
    return f"{seconds // size}{unit}"
