"""ServiceMigration: one Service's move from one cluster to another, and how far it has come.

As with a MultiClusterService, the API server enforces what ``extra_json_schema`` says, and decoding does not.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from landbridge.api.kind import Kind
from landbridge.api.meta import Lean, Object
from landbridge.api.multicluster import ClusterName


class ServiceMigrationSpec(Lean, frozen=True, gc=False):
    """From where, to where, and how much of the new cluster the others see."""

    from_: Annotated[ClusterName, Meta(description="The cluster that the Service leaves.")] = msgspec.field(name="from")
    to: Annotated[ClusterName, Meta(description="The cluster that it moves to.")]
    offered: Annotated[
        int | None,
        Meta(
            description="How many endpoints of the new cluster the other clusters get: 0 is none, absent is all. Which "
            "ones is a stable choice, and ready ones come first.",
            extra_json_schema={"minimum": 0, "maximum": 100000},
        ),
    ] = None


class ServiceMigration(Object, frozen=True, gc=False):
    """The move of the Service of its own name and namespace."""

    spec: ServiceMigrationSpec = ServiceMigrationSpec("", "")


SERVICE_MIGRATIONS = Kind("landbridge.dev", "v1alpha1", "servicemigrations", "ServiceMigration", ServiceMigration)
