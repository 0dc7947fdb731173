from __future__ import annotations

import msgspec

from landbridge.api.authentication import TokenRequest, TokenRequestSpec
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES, ClusterStatus, MultiClusterServiceStatus

TUTORIAL = {
    "apiVersion": "networking.one.alibabacloud.com/v1alpha1",
    "kind": "MultiClusterService",
    "metadata": {"name": "service1", "namespace": "mcs-demo"},
    "spec": {
        "consumerClusters": [{"name": "oldcluster"}, {"name": "newcluster"}],
        "providerClusters": [{"name": "oldcluster"}],
    },
}


def decode(spec: dict[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    read = MULTI_CLUSTER_SERVICES.decoder.decode(msgspec.json.encode(TUTORIAL | {"spec": spec}))
    return read.spec.providers, read.spec.consumers


def test_clusters_are_read_in_the_order_of_the_spec() -> None:
    read = MULTI_CLUSTER_SERVICES.decoder.decode(msgspec.json.encode(TUTORIAL))
    assert (read.spec.providers, read.spec.consumers) == (("oldcluster",), ("oldcluster", "newcluster"))
    assert read.status is None


def test_fields_of_other_tools_are_accepted() -> None:
    names = [{"name": "a", "weight": 3}]
    spec = {"providerClusters": names, "consumerClusters": names, "types": ["CrossCluster"], "ports": [{"port": 80}]}
    assert decode(spec) == (("a",), ("a",))


def test_what_the_api_server_would_refuse_is_still_readable() -> None:
    """Another version's object must not make a whole list unreadable; the CRD holds the bounds."""
    assert decode({"providerClusters": [], "consumerClusters": [{"name": "Not A Label"}]}) == ((), ("Not A Label",))
    row = ClusterStatus("a", ("Witness",), "Dreaming", 0, 0, "2026-01-01T00:00:00Z")
    assert msgspec.json.decode(msgspec.json.encode(row), type=ClusterStatus) == row


def test_s15_status_of_another_tool_is_readable() -> None:
    """``observedGeneration`` is optional in the API conventions, and who writes less still says something."""
    body = b"""{"spec": {"providerClusters": [], "consumerClusters": []}, "status": {
        "conditions": [{"type": "Ready"}, {"type": "Odd", "status": "Maybe"}],
        "clusters": [{"name": "a"}], "other": {"a": 1}}}"""
    status = MULTI_CLUSTER_SERVICES.decoder.decode(body).status
    assert status is not None
    assert [(one.status, one.observed_generation) for one in status.conditions] == [("Unknown", 0), ("Maybe", 0)]
    assert status.clusters == (ClusterStatus("a"),)


def test_status_is_written_whole_so_that_a_patch_leaves_nothing_old() -> None:
    written = msgspec.json.decode(msgspec.json.encode(MultiClusterServiceStatus()))
    assert written == {
        "observedGeneration": 0,
        "conditions": [],
        "providers": "",
        "consumers": "",
        "endpoints": 0,
        "clusters": [],
    }


def test_row_of_a_cluster_is_written_whole() -> None:
    row = ClusterStatus("a", ("Provider", "Consumer"), "Synced", 0, 0, "2026-01-01T00:00:00Z")
    assert msgspec.json.decode(msgspec.json.encode(row)) == {
        "name": "a",
        "roles": ["Provider", "Consumer"],
        "state": "Synced",
        "ownReady": 0,
        "importedReady": 0,
        "lastSyncTime": "2026-01-01T00:00:00Z",
        "message": "",
        "offered": "",
    }


def test_token_request_never_shows_the_token() -> None:
    answer = msgspec.json.decode(b'{"spec":{"expirationSeconds":600},"status":{"token":"s3cr3t"}}', type=TokenRequest)
    assert answer.status is not None
    assert answer.status.token == "s3cr3t"
    assert "s3cr3t" not in repr(answer)


def test_token_request_always_says_for_how_long() -> None:
    assert msgspec.json.decode(msgspec.json.encode(TokenRequest(TokenRequestSpec(600)))) == {
        "spec": {"expirationSeconds": 600}
    }
