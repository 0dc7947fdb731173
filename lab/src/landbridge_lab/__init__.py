"""Real Kubernetes clusters on one Linux machine, without Docker."""

from landbridge_lab.cluster import Cluster
from landbridge_lab.errors import LabError, MachineLacksError, NotUpError, RefusedError
from landbridge_lab.lab import Lab
from landbridge_lab.spec import DEFAULT_CLUSTERS, ClusterSpec
from landbridge_lab.status import ClusterStatus, LabStatus, State

__all__ = [
    "DEFAULT_CLUSTERS",
    "Cluster",
    "ClusterSpec",
    "ClusterStatus",
    "Lab",
    "LabError",
    "LabStatus",
    "MachineLacksError",
    "NotUpError",
    "RefusedError",
    "State",
]
