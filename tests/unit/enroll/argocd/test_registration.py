from __future__ import annotations

from dataclasses import replace

import pytest

from landbridge.api.meta import ObjectMeta
from landbridge.api.names import CLUSTER_UID
from landbridge.enroll.admission import NAME_TAKEN, Wish
from landbridge.enroll.argocd.clusters import Known, known_clusters
from landbridge.enroll.argocd.registration import ALREADY_REGISTERED, Registration, admit, registration_secret
from landbridge.fleet.cluster import Cluster
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.config import ServerConfig
from tests.unit.fleet.stage import ARGOCD
from tests.unit.memory_api import MemoryApi

SERVER = "https://10.0.0.1:6443"
ELSEWHERE = "https://10.9.9.9:6443"
CLUSTER = Cluster("oldcluster", ServerConfig(SERVER, b"PEM", "kubernetes"), "", uid="old")
WISH = Wish("oldcluster", argocd=True)


def known(secret: str, name: str = "", server: str = "https://other:6443", uid: str = "") -> Known:
    return Known(ObjectMeta(secret, "argocd", annotations={CLUSTER_UID: uid} if uid else {}), name, server)


@pytest.mark.parametrize(
    ("asked", "stored", "default", "expected"),
    [
        ("", "", "", SERVER),
        ("", ELSEWHERE, "", ELSEWHERE),
        ("", ELSEWHERE, SERVER, ELSEWHERE),
        ("", "https://former", "https://former", SERVER),
        ("https://former", "https://former", "https://former", "https://former"),
        ("https://new", ELSEWHERE, SERVER, "https://new"),
        (ELSEWHERE, "", "", ELSEWHERE),
    ],
)
def test_the_address_is_the_one_given_now_or_once_or_the_controllers(
    asked: str, stored: str, default: str, expected: str
) -> None:
    before = known("cluster-oldcluster", "oldcluster", stored, "old") if stored else None
    found = admit(CLUSTER, replace(WISH, argocd_server=asked), before, [before] if before else [], default)
    assert found.config == ServerConfig(expected, b"PEM", "kubernetes")
    assert found.before == (before is not None)


@pytest.mark.parametrize(
    ("before", "others", "reason", "named"),
    [
        (known("cluster-oldcluster"), [], NAME_TAKEN, "argocd/cluster-oldcluster"),
        (known("cluster-oldcluster", uid="another"), [], NAME_TAKEN, "argocd/cluster-oldcluster"),
        (None, [known("cluster-x", server=SERVER)], ALREADY_REGISTERED, "--from-argocd cluster-x"),
        (None, [known("cluster-x", "x", uid="old")], ALREADY_REGISTERED, "`landbridge fleet leave x` first"),
        (None, [known("cluster-x", "x", SERVER, "old")], ALREADY_REGISTERED, "or delete the Secret"),
        (None, [known("cluster-x", name="oldcluster")], NAME_TAKEN, "argocd/cluster-x"),
    ],
    ids=["not ours", "another cluster's", "same address", "joined as x", "joined as x, same address", "same name"],
)
def test_what_would_be_there_twice_is_refused(
    before: Known | None, others: list[Known], reason: str, named: str
) -> None:
    with pytest.raises(RefusedError) as refusal:
        admit(CLUSTER, WISH, before, others)
    assert refusal.value.reason == reason
    assert named in str(refusal.value)


@pytest.mark.parametrize(
    ("asked", "named"),
    [("http://x", "^--argocd-server cannot"), ("", "^`server` of Secret argocd/cluster-oldcluster c")],
)
def test_an_address_that_cannot_be_used_is_told_with_what_holds_it(asked: str, named: str) -> None:
    before = known("cluster-oldcluster", "oldcluster", "http://stored", "old")
    with pytest.raises(RefusedError, match=named):
        admit(CLUSTER, replace(WISH, argocd_server=asked), before, [before])


def test_the_name_of_argo_cds_own_cluster_is_refused() -> None:
    with pytest.raises(RefusedError, match="Argo CD calls its own cluster in-cluster") as refusal:
        admit(replace(CLUSTER, name="in-cluster"), WISH, None, [])
    assert refusal.value.reason == NAME_TAKEN


def test_other_clusters_are_in_nobodys_way() -> None:
    others = [known("cluster-x", "x"), known("cluster-y", "", "", "another")]
    assert not admit(CLUSTER, WISH, None, others).before


def test_allowed_namespaces_are_not_argo_cds_matter() -> None:
    registration = Registration("oldcluster", "old", CLUSTER.config)
    assert set(registration_secret(registration, "token").data or {}) == {"name", "server", "config"}


async def test_a_secret_that_cannot_be_read_is_in_nobodys_way() -> None:
    hub = MemoryApi()
    meta = {"namespace": "argocd", "labels": {"argocd.argoproj.io/secret-type": "cluster"}}
    hub.put(f"{ARGOCD}/secrets/cluster-x", {"metadata": meta, "data": {"name": "/w==", "server": "not base64!"}})
    (found,) = await known_clusters(hub)
    assert (found.name, found.server) == ("", "")
