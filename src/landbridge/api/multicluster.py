"""MultiClusterService: which clusters provide a Service, and which consume it under its native name.

What may stand in a field is said in ``extra_json_schema``: the API server enforces it, and decoding does not, since
what another version or another tool wrote is to be readable. For the same reason a status lacks nothing that it must
have.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta

from landbridge.api.kind import Kind
from landbridge.api.meta import Lean, Object
from landbridge.api.names import HOST_NAMES, SHARED

ClusterName = Annotated[
    str,
    Meta(
        description="Id of a cluster of the fleet, as given to `landbridge fleet join`.",
        extra_json_schema={"minLength": 1, "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"},
    ),
]

State = Literal[
    "Synced",
    "Pending",
    "Stale",
    "NoService",
    "NoNamespace",
    "NoCluster",
    "NotExported",
    "InvalidServiceType",
    "Conflict",
    "Forbidden",
]
Role = Literal["Provider", "Consumer"]
RoleName = Annotated[str, Meta(extra_json_schema={"enum": sorted(get_args(Role))})]


class ClusterRef(Lean, frozen=True, gc=False):
    """A cluster, by its id."""

    name: ClusterName


ClusterRefs = Annotated[
    tuple[ClusterRef, ...],
    Meta(
        extra_json_schema={
            "minItems": 1,
            "maxItems": 100,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
    ),
]


class MultiClusterServiceSpec(Lean, frozen=True, gc=False):
    """Which clusters serve, and which call. A cluster may do both."""

    provider_clusters: Annotated[ClusterRefs, Meta(description="Clusters whose pods serve the traffic.")]
    consumer_clusters: Annotated[
        ClusterRefs, Meta(description="Clusters whose pods reach the providers under the Service's native name.")
    ]

    @property
    def providers(self) -> tuple[str, ...]:
        """Ids of the providers, in the order of the spec."""
        return tuple(ref.name for ref in self.provider_clusters)

    @property
    def consumers(self) -> tuple[str, ...]:
        """Ids of the consumers, in the order of the spec."""
        return tuple(ref.name for ref in self.consumer_clusters)

    @property
    def clusters(self) -> tuple[str, ...]:
        """Ids of all of them, each once: providers first."""
        return tuple(dict.fromkeys((*self.providers, *self.consumers)))


class Condition(Lean, frozen=True, gc=False, omit_defaults=False):
    """A condition as metav1.Condition has it."""

    type: Annotated[str, Meta(description="Ready or Conflict.")]
    status: Annotated[
        str,
        Meta(extra_json_schema={"enum": ["False", "True", "Unknown"]}, description="Whether the condition holds."),
    ] = "Unknown"
    reason: Annotated[str, Meta(description="Why, in one word.")] = ""
    message: Annotated[str, Meta(description="Why, and what to do, for a person.")] = ""
    last_transition_time: Annotated[str, Meta(description="Since when the status holds (RFC 3339).")] = ""
    observed_generation: Annotated[int, Meta(description="Generation of the spec that this speaks of.")] = 0


class ClusterStatus(Lean, frozen=True, gc=False, omit_defaults=False):
    """What one cluster has, and what it got."""

    name: Annotated[str, Meta(description="Id of the cluster.")]
    roles: Annotated[tuple[RoleName, ...], Meta(description="Provider, Consumer or both.")] = ()
    state: Annotated[
        str,
        Meta(
            extra_json_schema={"enum": sorted(get_args(State))},
            description="Synced; Pending (work under way); Stale (contact lost, last known kept); NoService, "
            "NoNamespace, NoCluster (what is missing); NotExported (for want of consent); InvalidServiceType "
            "(ExternalName); Conflict; Forbidden (by the cluster or its Secret).",
        ),
    ] = ""
    own_ready: Annotated[int, Meta(description="Ready endpoints of the cluster's own pods.")] = 0
    imported_ready: Annotated[int, Meta(description="Ready endpoints that the cluster imports from others.")] = 0
    last_sync_time: Annotated[str, Meta(description="Since when this row says what it says (RFC 3339).")] = ""
    message: Annotated[str, Meta(description="What is wrong, and the command that mends it.")] = ""
    offered: Annotated[
        str, Meta(description="How many of its ready endpoints the others get, where a ServiceMigration limits that.")
    ] = ""


class MultiClusterServiceStatus(Lean, frozen=True, gc=False, omit_defaults=False):
    """What was observed."""

    observed_generation: Annotated[int, Meta(description="Generation of the spec that this status speaks of.")] = 0
    conditions: Annotated[
        tuple[Condition, ...],
        Meta(
            description="Ready, and Conflict.",
            extra_json_schema={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    providers: Annotated[str, Meta(description="The providers, joined by commas.")] = ""
    consumers: Annotated[str, Meta(description="The consumers, joined by commas.")] = ""
    endpoints: Annotated[int, Meta(description="Ready endpoints, over all providers.")] = 0
    clusters: Annotated[
        tuple[ClusterStatus, ...],
        Meta(
            description="One row per cluster of the spec.",
            extra_json_schema={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        ),
    ] = ()


class MultiClusterService(Object, frozen=True, gc=False):
    """Joins the Service of its own name and namespace across clusters."""

    spec: MultiClusterServiceSpec = MultiClusterServiceSpec((), ())
    status: MultiClusterServiceStatus | None = None

    @property
    def shares_host_names(self) -> bool:
        """Whether each host name belongs to the cluster whose pod has it, and not all to one cluster."""
        return self.metadata.annotations.get(HOST_NAMES) == SHARED


MULTI_CLUSTER_SERVICES = Kind(
    "networking.one.alibabacloud.com", "v1alpha1", "multiclusterservices", "MultiClusterService", MultiClusterService
)

MULTI_CLUSTER_SERVICE_NAMES = Kind(
    MULTI_CLUSTER_SERVICES.group,
    MULTI_CLUSTER_SERVICES.version,
    MULTI_CLUSTER_SERVICES.plural,
    MULTI_CLUSTER_SERVICES.kind,
    Object,
)
"""The same, read by their metadata alone: none is so odd that it would pass for missing."""
