"""Where clusters differ in a way that changes how the Service routes. Reported, never mended (rules S4, S10)."""

from __future__ import annotations

from collections.abc import Sequence

from landbridge.api.core import Service

FOREIGN_IMPORTS = "ForeignImports"
TRAFFIC_DISTRIBUTION = "TrafficDistributionConflict"


def conflict(
    consumer: str, service: Service | None, *, imports: bool, strangers: Sequence[str] = ()
) -> tuple[str, str] | None:
    """Reason (of KEP-1645, where it has one) and message of the first conflict in a consumer."""
    if strangers:
        return FOREIGN_IMPORTS, (
            f"{consumer}: another fleet, {strangers[0]}, imports endpoints of this Service too; if it is no more, they "
            f"may be dead, run: landbridge fleet sweep {consumer} --fleet {strangers[0]} --context <its context>"
        )
    preference = service.spec.traffic_distribution if service else None
    if preference and imports:
        return TRAFFIC_DISTRIBUTION, (
            f"{consumer}: trafficDistribution {preference} has no effect while endpoints are imported, "
            "because imports carry no zones; remove it, or expect traffic to be spread over all endpoints"
        )
    return None
