"""Kubeconfig files: one context per cluster, everything inline."""

import base64
from pathlib import Path

import pytest
import yaml
from landbridge_lab.control_plane.certificates import Identity, write_certificates
from landbridge_lab.control_plane.kubeconfigs import Access, write


@pytest.fixture
def accesses(tmp_path: Path) -> list[Access]:
    found = []
    for number, name in enumerate(("fleet", "oldcluster")):
        write_certificates(tmp_path / name, name, [Identity("admin", "admin", "system:masters")])
        found.append(Access(name, f"https://127.0.0.1:{7000 + number}", "admin", tmp_path / name))
    return found


def test_contexts_are_named_like_the_clusters_and_the_first_is_current(accesses: list[Access], tmp_path: Path) -> None:
    write(tmp_path / "kubeconfig", accesses)
    config = yaml.safe_load((tmp_path / "kubeconfig").read_text())

    assert [context["name"] for context in config["contexts"]] == ["fleet", "oldcluster"]
    assert config["current-context"] == "fleet"
    users = [context["context"]["user"] for context in config["contexts"]]
    assert users == [user["name"] for user in config["users"]] == ["fleet-admin", "oldcluster-admin"]


def test_certificates_and_keys_are_inline(accesses: list[Access], tmp_path: Path) -> None:
    write(tmp_path / "kubeconfig", accesses)
    config = yaml.safe_load((tmp_path / "kubeconfig").read_text())

    cluster, user = config["clusters"][1]["cluster"], config["users"][1]["user"]
    assert base64.b64decode(cluster["certificate-authority-data"]) == (tmp_path / "oldcluster/ca.crt").read_bytes()
    assert base64.b64decode(user["client-key-data"]) == (tmp_path / "oldcluster/admin.key").read_bytes()
    assert str(tmp_path) not in (tmp_path / "kubeconfig").read_text()


def test_nobody_else_can_read_it(accesses: list[Access], tmp_path: Path) -> None:
    write(tmp_path / "kubeconfig", accesses)

    assert (tmp_path / "kubeconfig").stat().st_mode & 0o077 == 0
