from __future__ import annotations

from pathlib import Path

import pytest

from landbridge.fleet import record
from landbridge.fleet.init import ESTABLISHED_TIMEOUT, init
from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.kube.config import ServerConfig, load
from tests.silence import silent
from tests.unit.fleet.stage import SYSTEM, TOKEN, cluster
from tests.unit.memory_api import MemoryApi

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/multiclusterservices.networking.one.alibabacloud.com"
CONFIG = ServerConfig("https://hub:6443", ca=b"PEM", tls_server_name="kubernetes")


@pytest.fixture
def hub() -> MemoryApi:
    hub = cluster("hub", CONFIG.server)
    account = f"{SYSTEM}/serviceaccounts/landbridge-controller"
    hub.answers["POST", f"{account}/token"] = {"spec": {"expirationSeconds": 1}, "status": {"token": TOKEN}}
    return hub


def establish(hub: MemoryApi) -> None:
    """The API server accepts the CRD."""
    hub.answers["GET", CRD] = {"status": {"conditions": [{"type": "Established", "status": "True"}]}}


async def test_the_kubeconfig_is_one_that_the_controller_reads(hub: MemoryApi, tmp_path: Path) -> None:
    establish(hub)
    file = tmp_path / "folder" / "kubeconfig"
    await init(hub, CONFIG, file, silent)
    assert load(None, file) == ServerConfig(CONFIG.server, CONFIG.ca, CONFIG.tls_server_name, TOKEN)


async def test_the_fleets_uid_is_made_once(hub: MemoryApi, tmp_path: Path) -> None:
    establish(hub)
    first = await init(hub, CONFIG, tmp_path / "a", silent)
    second = await init(hub, CONFIG, tmp_path / "b", silent)
    assert first == second == (await record.load(hub)).uid


@pytest.mark.looptime
async def test_a_crd_that_is_never_accepted_ends_in_time_without_a_file(hub: MemoryApi, tmp_path: Path) -> None:
    with pytest.raises(TimedOutError, match=f"not established after {ESTABLISHED_TIMEOUT:.0f} s"):
        await init(hub, CONFIG, tmp_path / "kubeconfig", silent)
    assert list(tmp_path.iterdir()) == []


async def test_an_old_hub_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    hub = cluster("hub", CONFIG.server, "v1.28.0")
    with pytest.raises(RefusedError, match=r"a hub must be 1\.29 or later"):
        await init(hub, CONFIG, tmp_path / "kubeconfig", silent)
    assert hub.writes == []
