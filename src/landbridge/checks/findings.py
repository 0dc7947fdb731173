"""What is wrong with one Service, each with the command that mends it; pure.

Most of it the controller's own rules say (`mcs/status`), of what was seen just now. What only the controller can know,
as what a cluster forbade it, is taken from the status, and said to be from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from landbridge.api.multicluster import Condition, MultiClusterServiceStatus
from landbridge.checks.differences import Pair, pairs
from landbridge.checks.facts import Facts
from landbridge.checks.remedies import remedy
from landbridge.checks.shapes import Finding
from landbridge.mcs.conditions import conflicts
from landbridge.mcs.intent import UNEXPLAINED
from landbridge.mcs.status import ENDING, status
from landbridge.telemetry.text import shown

NOT_FOUND = "NotFound"
NOT_SEEN = "NotSeen"
NO_CONTROLLER = "NoController"
TROUBLED = "Troubled"
OLD_STATUS = "OldStatus"
NAMESPACE_BARRED = "NamespaceBarred"
BEHIND = "Behind"
LEFT_BEHIND = "LeftBehind"

_IN_ORDER = ("Synced", "Conflict")
"""States of a row that hold no endpoint back; what is in conflict the condition says."""


Check = Callable[[Facts], Iterator[Finding]]


def there_is_none(facts: Facts) -> Iterator[Finding]:
    """The hub has no such MultiClusterService."""
    if facts.mcs:
        return
    having = [name for name, seen in facts.seen.items() if seen.service]
    where = f"; {', '.join(sorted(having))} have a Service of that name" if having else ""
    yield _finding(facts, NOT_FOUND, f"the hub has no MultiClusterService {facts.key}{where}")


def nobody_follows(facts: Facts) -> Iterator[Finding]:
    """No controller is at work: what was written stays, and nothing new is."""
    if not facts.controller.at_work:
        yield _finding(facts, NOT_SEEN if facts.controller.state == "NotSeen" else NO_CONTROLLER, facts.controller.text)


def not_seen(facts: Facts) -> Iterator[Finding]:
    """A cluster that takes part could not be read."""
    for name in facts.clusters:
        if why := facts.unseen.get(name):
            yield _finding(facts, NOT_SEEN, why, name)


def in_trouble(facts: Facts) -> Iterator[Finding]:
    """The controller left word that it cannot work there as it should."""
    for name in facts.clusters:
        if trouble := facts.troubles.get(name):
            yield _finding(facts, TROUBLED, f"the controller says since {trouble.since}: {trouble.text}", name)


def ending(facts: Facts) -> Iterator[Finding]:
    """It is being deleted."""
    if facts.mcs and (since := facts.mcs.metadata.deletion_timestamp):
        left = "; ".join(f"{cluster}: {remainder}" for cluster, remainder in facts.left.items())
        others = ", ".join(facts.mcs.metadata.finalizers)
        waits = left or f"no cluster that was seen holds any of it; finalizers {others} are still on it"
        yield _finding(facts, ENDING, f"it is being deleted since {shown(since)}; {waits}")


def clusters_lack(facts: Facts) -> Iterator[Finding]:
    """What the controller would say of each cluster, and of all together, had it seen just this."""
    if facts.joining is None:
        return
    now = fresh(facts)
    for row in now.clusters:
        if row.state not in (*_IN_ORDER, "Pending") and row.name not in facts.unseen:
            barred = row.state == "Forbidden" and any(not view.allowed for view in facts.rows if view.name == row.name)
            yield _finding(facts, NAMESPACE_BARRED if barred else row.state, row.message, row.name)
    states = {row.state for row in now.clusters}
    for condition in now.conditions:
        if condition.type == "Ready" and condition.status == "False" and condition.reason not in states:
            yield _finding(facts, condition.reason, condition.message, _provider(facts))


def clusters_differ(facts: Facts) -> Iterator[Finding]:
    """Clusters route, but not as one, or not as their Services say."""
    if facts.joining is None:
        return
    for conflict in conflicts(facts.joining, facts.rows):
        where = conflict.clusters[0] if len(conflict.clusters) == 1 else ""
        yield _finding(facts, conflict.reason, conflict.message, where)


def imports_differ(facts: Facts) -> Iterator[Finding]:
    """A consumer does not have what its providers export now."""
    for pair in pairs(facts):
        if pair.behind:
            yield _finding(facts, *_difference(facts, pair), pair.consumer)


def imports_stay(facts: Facts) -> Iterator[Finding]:
    """Imports are there, and no MultiClusterService says that they should."""
    for name, seen in facts.seen.items():
        if count := len(seen.view.consumer.imports) if seen.view.reason == UNEXPLAINED else 0:
            yield _finding(facts, UNEXPLAINED, f"{count} imports of it that no MultiClusterService explains", name)


def the_status_says(facts: Facts) -> Iterator[Finding]:
    """What the controller said, and could not be seen just now."""
    if facts.joining is None or facts.joining.status is None:
        return
    seen = {(row.name, row.state) for row in fresh(facts).clusters}
    for row in facts.joining.status.clusters:
        if row.state not in _IN_ORDER and (row.state == "Pending" or (row.name, row.state) not in seen):
            text = f"since {row.last_sync_time}: {row.message}"
            yield _finding(facts, row.state, text, row.name, by="status")


def status_is_old(facts: Facts) -> Iterator[Finding]:
    """The status speaks of an earlier spec, or of none."""
    if facts.joining is None:
        return
    if facts.joining.status is None:
        yield _finding(facts, OLD_STATUS, "it has no status: no controller has looked at it yet")
    elif facts.joining.status.observed_generation != facts.joining.metadata.generation:
        yield _finding(facts, OLD_STATUS, "its status speaks of another spec than it has: no controller looked since")


CHECKS: tuple[Check, ...] = (
    there_is_none,
    nobody_follows,
    not_seen,
    in_trouble,
    ending,
    clusters_lack,
    clusters_differ,
    imports_differ,
    imports_stay,
    status_is_old,
    the_status_says,
)
"""In the order in which a person would look at them."""


def findings(facts: Facts) -> list[Finding]:
    """All that is wrong."""
    return [finding for check in CHECKS for finding in check(facts)]


def fresh(facts: Facts) -> MultiClusterServiceStatus:
    """The status as it should be by now; empty where there is no MultiClusterService."""
    if facts.mcs is None:
        return MultiClusterServiceStatus()
    return status(facts.mcs, facts.rows, facts.at)


def ready(facts: Facts) -> Condition | None:
    """The condition as the hub has it."""
    conditions = facts.mcs.status.conditions if facts.mcs and facts.mcs.status else ()
    return next((condition for condition in conditions if condition.type == "Ready"), None)


def _difference(facts: Facts, pair: Pair) -> tuple[str, str]:
    view = facts.seen[pair.consumer].view
    if not pair.create and not pair.update and pair.provider not in {provider.name for provider in view.providers}:
        return LEFT_BEHIND, f"{pair.delete} imports from {pair.provider} are to go, and still there ({view.reason})"
    counts = {"to be made": pair.create, "to be changed": pair.update, "to be removed": pair.delete}
    text = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return BEHIND, f"its imports are not what {pair.provider} exports now: {text}"


def _provider(facts: Facts) -> str:
    return facts.mcs.spec.providers[0] if facts.mcs and facts.mcs.spec.providers else ""


def _finding(
    facts: Facts, reason: str, message: str, cluster: str = "", *, by: Literal["look", "status"] = "look"
) -> Finding:
    return Finding(shown(reason), shown(message), remedy(reason, message, facts.key, cluster), cluster, by)
