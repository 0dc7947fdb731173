from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from landbridge.api.core import SECRETS
from landbridge.enroll.kubeconfig import render_kubeconfig
from landbridge.fleet.cluster import Cluster, cluster_secret, read_cluster
from landbridge.fleet.stores import kubeconfig_store, secret_store, write_private
from landbridge.kube.config import ConfigError, ServerConfig
from landbridge.kube.errors import ConflictError
from tests.unit.kube.certificates import CA
from tests.unit.memory_api import MemoryApi

CLUSTER = Cluster("oldcluster", ServerConfig("https://10.0.0.1:6443", ca=CA), "first", frozenset({"shop"}))


async def test_a_members_token_is_stored_in_its_secret_and_nothing_else_changes() -> None:
    hub = MemoryApi()
    before = read_cluster(await hub.create(SECRETS, cluster_secret(CLUSTER)))
    await secret_store(hub, lambda: before)("second")
    after = read_cluster(await hub.get(SECRETS, "cluster-oldcluster", "landbridge-system"))
    assert after.token == "second"
    assert (after.config, after.namespaces) == (before.config, before.namespaces)


async def test_a_version_that_was_not_seen_is_not_overwritten() -> None:
    hub = MemoryApi()
    seen = read_cluster(await hub.create(SECRETS, cluster_secret(CLUSTER)))
    await secret_store(hub, lambda: seen)("second")
    with pytest.raises(ConflictError):
        await secret_store(hub, lambda: seen)("third")


HUB = ServerConfig("https://10.0.0.9:6443", ca=CA)


async def test_the_hubs_token_replaces_the_one_in_the_controllers_kubeconfig(tmp_path: Path) -> None:
    path = tmp_path / "controller.kubeconfig"
    path.write_text(render_kubeconfig(HUB, "first"))
    await kubeconfig_store(path)("second")
    assert path.read_text() == render_kubeconfig(HUB, "second")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "[", "contexts: []", "{contexts: [], users: [], current-context: hub}", "text"])
async def test_a_kubeconfig_that_is_not_ours_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "controller.kubeconfig"
    path.write_text(text)
    with pytest.raises(ConfigError, match="landbridge fleet init"):
        await kubeconfig_store(path)("second")
    assert path.read_text() == text


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_private(target, "text")
    assert list(tmp_path.iterdir()) == [target]


def test_stored_settings_stay_json() -> None:
    assert msgspec.json.decode(cluster_secret(CLUSTER).text("config"))["bearerToken"] == "first"
