from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.api import names
from landbridge.api.core import Secret
from landbridge.api.meta import ObjectMeta
from landbridge.fleet import cluster as cluster_module
from landbridge.fleet.cluster import Cluster, cluster_secret, encode, read_cluster, valid_name
from landbridge.fleet.settings import MALFORMED, MISSING, RefusedClusterError
from landbridge.kube.api import Api
from landbridge.kube.config import ServerConfig
from tests.unit.kube.certificates import CA

CLUSTER = Cluster(
    "oldcluster",
    ServerConfig("https://10.0.0.1:6443", ca=CA),
    "token-of-oldcluster",
    namespaces=frozenset({"mcs-demo", "shop"}),
    pod_cidrs=("10.1.0.0/16", "fd00::/64"),
    service_cidrs=("10.96.0.0/12",),
    uid="5d1c",
)


def changed(**data: str | None) -> Secret:
    secret = cluster_secret(CLUSTER)
    kept = {**(secret.data or {}), **{key: encode(value) for key, value in data.items() if value is not None}}
    for key, value in data.items():
        if value is None:
            del kept[key]
    return msgspec.structs.replace(secret, data=kept)


def test_a_cluster_is_read_as_it_was_written() -> None:
    secret = cluster_secret(CLUSTER)
    read = read_cluster(secret)
    assert read == Cluster(**{**vars(CLUSTER), "meta": secret.metadata})


def test_the_secret_is_one_that_argo_cd_understands() -> None:
    secret = cluster_secret(CLUSTER)
    assert str(secret.metadata.key) == "landbridge-system/cluster-oldcluster"
    assert secret.metadata.labels == {"argocd.argoproj.io/secret-type": "cluster"}
    assert secret.text("name") == "oldcluster"
    assert secret.text("server") == "https://10.0.0.1:6443"
    assert secret.text("namespaces") == "mcs-demo,shop"


def test_all_namespaces_are_allowed_where_none_is_named() -> None:
    cluster = Cluster("c", CLUSTER.config, "t")
    assert "namespaces" not in (cluster_secret(cluster).data or {})
    assert cluster.allows("anything")
    assert not CLUSTER.allows("anything")


def test_a_secret_holds_until_its_imports_are_gone_s11() -> None:
    assert cluster_secret(CLUSTER).metadata.finalizers == (names.FINALIZER,)


def test_a_cluster_leaves_when_its_secret_is_being_deleted() -> None:
    assert not CLUSTER.leaving
    assert Cluster("c", CLUSTER.config, "t", meta=ObjectMeta(deletion_timestamp="2026-01-01T00:00:00Z")).leaving


@pytest.mark.parametrize("key", ["name", "server", "config"])
def test_a_missing_key_is_refused(key: str) -> None:
    with pytest.raises(RefusedClusterError, match=f"`{key}`") as refusal:
        read_cluster(changed(**{key: None}))
    assert refusal.value.reason == MISSING


@pytest.mark.parametrize("name", ["newcluster", "Old", "-", "a" * 64, "a.b"])
def test_a_name_that_is_not_the_secrets_is_refused(name: str) -> None:
    with pytest.raises(RefusedClusterError, match="DNS label") as refusal:
        read_cluster(changed(name=name))
    assert refusal.value.reason == MALFORMED


def test_data_that_are_not_base64_are_refused() -> None:
    secret = msgspec.structs.replace(cluster_secret(CLUSTER), data={"name": "YQ"})
    with pytest.raises(RefusedClusterError, match="not text in base64"):
        read_cluster(secret)


@pytest.mark.parametrize(
    "config",
    ["[" * 25_000, '{"a":' * 25_000, '{"bearerToken": "\\ud800"}', "null", "5", "\x00"],
    ids=["nested list", "nested object", "half a surrogate", "null", "number", "control character"],
)
def test_s15_a_config_that_nobody_would_write_is_refused(config: str) -> None:
    with pytest.raises(RefusedClusterError) as refusal:
        read_cluster(changed(config=config))
    assert refusal.value.reason == MALFORMED


def test_s15_what_nobody_foresaw_in_a_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one Secret would end the controller, at every start, for all clusters."""

    def fails(*_: object) -> None:
        raise RecursionError("nested too deep")

    monkeypatch.setattr(cluster_module, "read_settings", fails)
    with pytest.raises(RefusedClusterError, match="RecursionError") as refusal:
        read_cluster(cluster_secret(CLUSTER))
    assert refusal.value.reason == MALFORMED


@given(
    st.fixed_dictionaries(
        {}, optional={name: st.text() | st.binary().map(str) for name in ("name", "server", "config", "namespaces")}
    )
)
def test_s15_whatever_is_read_can_be_connected_to(values: dict[str, str]) -> None:
    with contextlib.suppress(RefusedClusterError):
        Api(read_cluster(changed(**values)).config)


def test_pod_networks_that_are_none_are_refused() -> None:
    meta = msgspec.structs.replace(cluster_secret(CLUSTER).metadata, annotations={names.POD_CIDRS: "10.0.0.1/8"})
    with pytest.raises(RefusedClusterError, match="host bits"):
        read_cluster(msgspec.structs.replace(cluster_secret(CLUSTER), metadata=meta))


def test_no_repr_shows_a_token() -> None:
    secret = cluster_secret(CLUSTER)
    assert CLUSTER.token not in repr(CLUSTER)
    assert CLUSTER.token not in repr(read_cluster(secret))
    assert encode(CLUSTER.token) not in repr(secret)


@pytest.mark.parametrize(
    ("name", "valid"), [("a", True), ("a-1", True), ("a" * 63, True), ("a" * 64, False), ("", False)]
)
def test_a_name_is_a_dns_label(name: str, valid: bool) -> None:
    assert valid_name(name) is valid
