"""What a person asks for: a lab's name and its clusters."""

import re
from collections.abc import Sequence

import msgspec

from landbridge_lab.errors import RefusedError

MAX_CLUSTERS = 16
MAX_NODES = 2
LONGEST_NAME = 20
_NAME = re.compile(rf"[a-z]([-a-z0-9]{{0,{LONGEST_NAME - 2}}}[a-z0-9])?")


class ClusterSpec(msgspec.Struct, frozen=True, order=True):
    """One cluster: its name (also its kubeconfig context) and how many nodes it has; 0 is a control plane alone."""

    name: str
    nodes: int = 0


DEFAULT_CLUSTERS = (ClusterSpec("fleet", 0), ClusterSpec("oldcluster", 1), ClusterSpec("newcluster", 1))


class LabSpec(msgspec.Struct, frozen=True):
    """A whole lab as asked for. `control_plane_only`: loopback ports, no root, no namespaces, no nodes.

    `argocd`: the first cluster runs Argo CD, and has a Git server beside it.
    """

    name: str
    clusters: tuple[ClusterSpec, ...]
    control_plane_only: bool = False
    argocd: bool = False

    @property
    def has_nodes(self) -> bool:
        return any(cluster.nodes for cluster in self.clusters)

    def describe(self) -> str:
        """What it has, for a person: oldcluster=1, newcluster=1, with Argo CD."""
        clusters = [f"{cluster.name}={cluster.nodes}" for cluster in self.clusters]
        return ", ".join([*clusters, "with Argo CD"] if self.argocd else clusters)


def make_spec(
    name: str, clusters: Sequence[ClusterSpec] | None, control_plane_only: bool, argocd: bool = False
) -> LabSpec:
    """Check a request and complete it; raises RefusedError with the reason and a way out."""
    if clusters is None:
        clusters = _default_clusters(control_plane_only, argocd)
    _check_name("lab", name)
    _check_clusters(clusters, control_plane_only)
    if argocd:
        _check_argocd(clusters, control_plane_only)
    return LabSpec(name, tuple(clusters), control_plane_only, argocd)


def _default_clusters(control_plane_only: bool, argocd: bool) -> list[ClusterSpec]:
    if control_plane_only:
        return [ClusterSpec(cluster.name) for cluster in DEFAULT_CLUSTERS]
    hub, *members = DEFAULT_CLUSTERS
    return [ClusterSpec(hub.name, 1) if argocd else hub, *members]


def parse_cluster(text: str) -> ClusterSpec:
    """Read `NAME=NODES` (or `NAME`, no nodes), as given to `--cluster`."""
    name, _, nodes = text.partition("=")
    if nodes and not nodes.isdigit():
        raise RefusedError(
            f"cluster {text!r}", f"{nodes!r} is not a number of nodes", "write NAME=NODES, as oldcluster=1"
        )
    return ClusterSpec(name, int(nodes or 0))


def _check_argocd(clusters: Sequence[ClusterSpec], control_plane_only: bool) -> None:
    first = clusters[0]
    if control_plane_only:
        raise RefusedError("Argo CD", "a control-plane-only lab has no nodes to run it", "ask for one or the other")
    if not first.nodes:
        raise RefusedError(
            f"Argo CD in {first.name}", "it runs as pods there", f"make it the first with --cluster {first.name}=1"
        )


def _check_name(kind: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise RefusedError(
            f"{kind} name {name!r}",
            "it becomes part of host, cgroup and file names",
            f"use 1 to {LONGEST_NAME} small letters, digits and dashes; the first a letter, the last no dash",
        )


def _check_clusters(clusters: Sequence[ClusterSpec], control_plane_only: bool) -> None:
    names = [cluster.name for cluster in clusters]
    if not 1 <= len(names) <= MAX_CLUSTERS:
        raise RefusedError(
            f"{len(names)} clusters", f"a lab has 1 to {MAX_CLUSTERS}", "choose fewer, or start a second lab"
        )
    if len(set(names)) != len(names):
        raise RefusedError(f"clusters {', '.join(names)}", "two have the same name", "give each a name of its own")
    for cluster in clusters:
        _check_name("cluster", cluster.name)
        if not 0 <= cluster.nodes <= MAX_NODES:
            raise RefusedError(f"cluster {cluster.name}", f"{cluster.nodes} nodes", f"choose 0 to {MAX_NODES}")
        if cluster.nodes and control_plane_only:
            raise RefusedError(
                f"cluster {cluster.name}", "a control-plane-only lab has no nodes", f"ask for {cluster.name}=0"
            )
