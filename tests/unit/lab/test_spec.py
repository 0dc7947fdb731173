"""What may be asked for, and what is refused with a reason."""

import pytest
from landbridge_lab.errors import RefusedError
from landbridge_lab.spec import ClusterSpec, make_spec, parse_cluster


def test_the_default_is_a_hub_and_two_members_with_a_node_each() -> None:
    spec = make_spec("lab", None, control_plane_only=False)

    assert [(cluster.name, cluster.nodes) for cluster in spec.clusters] == [
        ("fleet", 0),
        ("oldcluster", 1),
        ("newcluster", 1),
    ]
    assert spec.has_nodes


def test_the_default_has_no_nodes_where_control_planes_alone_are_wanted() -> None:
    spec = make_spec("lab", None, control_plane_only=True)

    assert [cluster.nodes for cluster in spec.clusters] == [0, 0, 0]
    assert not spec.has_nodes


@pytest.mark.parametrize(
    ("text", "cluster"),
    [("old=2", ClusterSpec("old", 2)), ("old=0", ClusterSpec("old", 0)), ("old", ClusterSpec("old", 0))],
)
def test_a_cluster_is_written_as_name_and_nodes(text: str, cluster: ClusterSpec) -> None:
    assert parse_cluster(text) == cluster


@pytest.mark.parametrize("text", ["old=many", "old=-1", "old=1=1"])
def test_nodes_that_are_no_number_are_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="not a number of nodes"):
        parse_cluster(text)


@pytest.mark.parametrize("name", ["", "Lab", "1lab", "lab-", "a/b", "..", "la b", "l" * 21])
def test_names_that_cannot_become_file_and_host_names_are_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="small letters"):
        make_spec(name, None, control_plane_only=False)
    with pytest.raises(RefusedError, match="small letters"):
        make_spec("lab", [ClusterSpec(name)], control_plane_only=False)


@pytest.mark.parametrize(
    ("clusters", "reason"),
    [
        ([], "a lab has 1 to 16"),
        ([ClusterSpec(f"c{number}") for number in range(17)], "a lab has 1 to 16"),
        ([ClusterSpec("twin"), ClusterSpec("twin")], "same name"),
        ([ClusterSpec("big", 3)], "choose 0 to 2"),
    ],
)
def test_sets_of_clusters_that_cannot_be_are_refused(clusters: list[ClusterSpec], reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        make_spec("lab", clusters, control_plane_only=False)


def test_nodes_are_refused_where_control_planes_alone_are_wanted() -> None:
    with pytest.raises(RefusedError, match="no nodes"):
        make_spec("lab", [ClusterSpec("old", 1)], control_plane_only=True)


def test_with_argocd_the_hub_has_a_node_by_default() -> None:
    spec = make_spec("lab", None, control_plane_only=False, argocd=True)

    assert [(cluster.name, cluster.nodes) for cluster in spec.clusters] == [
        ("fleet", 1),
        ("oldcluster", 1),
        ("newcluster", 1),
    ]


def test_argocd_without_a_node_to_run_on_is_refused() -> None:
    with pytest.raises(RefusedError, match="the first with --cluster hub=1"):
        make_spec("lab", [ClusterSpec("hub"), ClusterSpec("old", 1)], control_plane_only=False, argocd=True)
    with pytest.raises(RefusedError, match="no nodes to run it"):
        make_spec("lab", None, control_plane_only=True, argocd=True)
