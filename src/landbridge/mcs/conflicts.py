"""Where clusters differ in a way that changes how the Service routes. Reported, never mended (rules S4, S10)."""

from __future__ import annotations

from landbridge.api.core import Service

TRAFFIC_DISTRIBUTION = "TrafficDistributionConflict"


def conflict(consumer: str, service: Service | None, *, imports: bool) -> tuple[str, str] | None:
    """Reason (of KEP-1645) and message of the first conflict in a consumer."""
    preference = service.spec.traffic_distribution if service else None
    if preference and imports:
        return TRAFFIC_DISTRIBUTION, (
            f"{consumer}: trafficDistribution {preference} has no effect while endpoints are imported, "
            "because imports carry no zones; remove it, or expect traffic to be spread over all endpoints"
        )
    return None
