from __future__ import annotations

import msgspec
import pytest

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


@pytest.mark.parametrize("name", ["", "Upper", "a_b", "-a", "a-", "a.b", "x" * 64, "a/b"])
def test_name_that_is_no_dns_label_is_refused(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode({"providerClusters": [{"name": name}], "consumerClusters": [{"name": "a"}]})


@pytest.mark.parametrize("name", ["a", "9", "a-b", "x" * 63])
def test_name_that_is_a_dns_label_is_accepted(name: str) -> None:
    assert decode({"providerClusters": [{"name": name}], "consumerClusters": [{"name": "a"}]}) == ((name,), ("a",))


@pytest.mark.parametrize("count", [0, 101])
def test_no_clusters_and_too_many_are_refused(count: int) -> None:
    clusters = [{"name": f"c{number}"} for number in range(count)]
    with pytest.raises(msgspec.ValidationError):
        decode({"providerClusters": clusters, "consumerClusters": [{"name": "a"}]})


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
