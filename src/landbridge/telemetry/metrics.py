"""Every metric, once; docs/reference.md explains them to their readers."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

WRITES = Counter(
    "landbridge_import_writes_total", "Writes of imports that a cluster acknowledged.", ["cluster", "verb", "reason"]
)
WRITE_FAILURES = Counter(
    "landbridge_sync_failures_total", "Runs of one Service in one cluster that failed.", ["cluster", "reason"]
)
REPAIRS = Counter(
    "landbridge_import_repairs_total",
    "Writes that put right again what somebody else had changed or deleted.",
    ["cluster"],
)
SYNC_SECONDS = Histogram(
    "landbridge_sync_duration_seconds",
    "From the arrival of a live change to the consumer's acknowledgement.",
    ["cluster"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
QUEUE = Gauge("landbridge_queue_length", "Services that wait to be worked on in a cluster.", ["cluster"])
LIVE = Gauge("landbridge_cluster_live", "1 while slices and Services of the cluster are in view.", ["cluster"])
IMPORTS = Gauge("landbridge_imports", "Imports of this fleet that the cluster holds.", ["cluster"])
UNEXPLAINED = Gauge(
    "landbridge_unexplained_imports",
    "Imports of this fleet that no MultiClusterService explains; a few are swept, many wait for a person.",
    ["cluster"],
)
AWAITING = Gauge(
    "landbridge_imports_awaiting_sweep",
    "Unexplained imports that are too many to be swept without a person.",
    ["cluster"],
)
UNREADABLE = Gauge(
    "landbridge_unreadable_objects",
    "Objects that are there and cannot be read; what was known of them before stays.",
    ["kind"],
)
FOREIGN = Gauge(
    "landbridge_foreign_imports",
    "Imports of other fleets in the cluster, living or former ones; they are never touched.",
    ["cluster"],
)
STATUS_WRITES = Counter("landbridge_status_writes_total", "Writes of MultiClusterService status on the hub.")
STATUS_REFUSALS = Counter(
    "landbridge_status_refusals_total", "Statuses that the hub refused for what they say; a shorter one is written."
)
EVENTS = Counter("landbridge_events_total", "Events about MultiClusterServices, by what became of them.", ["outcome"])
ENGAGEMENT_FAILURES = Counter(
    "landbridge_engagement_failures_total",
    "Engagements of a cluster that ended by an error; each is tried again.",
    ["cluster", "reason"],
)
LEADER = Gauge("landbridge_leader", "1 while this process holds the Lease.")


def forget(cluster: str) -> None:
    """It left the fleet: nobody wants to know any more what was counted there, over however many engagements."""
    for counted in (WRITES, WRITE_FAILURES, REPAIRS, SYNC_SECONDS, ENGAGEMENT_FAILURES):
        counted.remove_by_labels({"cluster": cluster})
