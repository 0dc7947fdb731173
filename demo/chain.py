"""What the tutorial asks for and gets: the chain of its three Services, each served by one of the clusters."""

from itertools import product

OLD, NEW = "oldcluster", "newcluster"
SERVICES = ("service1", "service2", "service3")

Serving = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""For each of the Services, the clusters that have a pod of it; the first is the one that must be seen to answer."""


def chain(*clusters: str) -> str:
    """Say it as the front Service answers: service1(oldcluster) --> service2(newcluster) --> ..."""
    return " --> ".join(f"{service}({cluster})" for service, cluster in zip(SERVICES, clusters, strict=True))


def expected(serving: Serving) -> str:
    """Give the answer that must be among those seen."""
    return chain(*(clusters[0] for clusters in serving))


def valid(serving: Serving) -> frozenset[str]:
    """Give every answer that is right while these clusters serve."""
    return frozenset(chain(*clusters) for clusters in product(*serving))
