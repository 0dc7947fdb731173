from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from landbridge.api import crd
from landbridge.api.migration import SERVICE_MIGRATIONS
from landbridge.api.names import CLUSTER_LABEL, PART_OF, PRODUCT
from landbridge.enroll.argocd.health import KEY, SCRIPT
from landbridge.enroll.init import ESTABLISHED_TIMEOUT, init
from landbridge.enroll.manifests import path
from landbridge.enroll.progress import Report
from landbridge.fleet import record
from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.kube.config import ServerConfig, load
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import KubeError, TooManyRequestsError, UnauthorizedError, UnreachableError
from tests.silence import silent
from tests.unit.fleet.stage import ARGOCD, SYSTEM, TOKEN, cluster, install_argocd
from tests.unit.memory_api import MemoryApi

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/multiclusterservices.networking.one.alibabacloud.com"
CONFIG = ServerConfig("https://hub:6443", ca=b"PEM", tls_server_name="kubernetes")


@pytest.fixture
def hub() -> MemoryApi:
    hub = cluster("hub", CONFIG.server)
    account = f"{SYSTEM}/serviceaccounts/landbridge-controller"
    hub.answers["POST", f"{account}/token"] = {"spec": {"expirationSeconds": 1}, "status": {"token": TOKEN}}
    return hub


async def init_in_memory(
    hub: MemoryApi, file: Path, report: Report = silent, *, fleet: str = "", argocd: bool = False, dry_run: bool = False
) -> str:
    """Init, with connections that are the hub itself, wherever they lead to."""
    return await init(
        hub, CONFIG, file, report, fleet=fleet, argocd=argocd, dry_run=dry_run, connect=lambda config, token: hub
    )


def establish(hub: MemoryApi) -> None:
    """The API server accepts the CRDs."""
    status = {"conditions": [{"type": "Established", "status": "True"}]}
    for definition in crd.DEFINITIONS:
        there = path(crd.render(definition))
        hub.answers["GET", there] = {"metadata": {"labels": {PART_OF: PRODUCT}}, "status": status}


async def test_the_kubeconfig_is_one_that_the_controller_reads(hub: MemoryApi, tmp_path: Path) -> None:
    establish(hub)
    file = tmp_path / "folder" / "kubeconfig"
    await init_in_memory(hub, file)
    assert load(None, file) == ServerConfig(CONFIG.server, CONFIG.ca, CONFIG.tls_server_name, TOKEN)


async def test_a_kind_that_was_defined_a_moment_ago_is_waited_for(hub: MemoryApi, tmp_path: Path) -> None:
    """Until its storage is made, the API server answers 429."""
    establish(hub)
    busy = iter(range(3))

    def before(method: str, path: str) -> None:
        if path == SERVICE_MIGRATIONS.path() and next(busy, None) is not None:
            raise TooManyRequestsError(429, "TooManyRequests", "storage is (re)initializing")

    hub.before = before
    await init_in_memory(hub, tmp_path / "a")
    assert next(busy, None) is None


async def test_the_fleets_uid_is_made_once(hub: MemoryApi, tmp_path: Path) -> None:
    establish(hub)
    first = await init_in_memory(hub, tmp_path / "a")
    second = await init_in_memory(hub, tmp_path / "b")
    assert first == second == (await record.load(hub)).uid


async def test_a_fleet_whose_record_was_lost_gets_its_uid_back(hub: MemoryApi, tmp_path: Path) -> None:
    """Else all its imports would be those of another fleet."""
    establish(hub)
    assert await init_in_memory(hub, tmp_path / "a", fleet="lost-uid") == (await record.load(hub)).uid == "lost-uid"
    assert await init_in_memory(hub, tmp_path / "a", fleet="lost-uid") == "lost-uid"


@pytest.mark.parametrize(("fleet", "reason"), [("lost-uid", "OtherFleet"), ("a label/no", "InvalidFleet")])
async def test_a_uid_that_the_fleet_cannot_have_is_refused_before_anything_is_written(
    hub: MemoryApi, tmp_path: Path, fleet: str, reason: str
) -> None:
    establish(hub)
    await init_in_memory(hub, tmp_path / "a")
    hub.calls.clear()
    with pytest.raises(RefusedError) as refusal:
        await init_in_memory(hub, tmp_path / "b", fleet=fleet)
    assert refusal.value.reason == reason
    assert hub.writes == []


@pytest.mark.looptime
async def test_a_crd_that_is_never_accepted_ends_in_time_without_a_file(hub: MemoryApi, tmp_path: Path) -> None:
    with pytest.raises(TimedOutError, match=f"not established after {ESTABLISHED_TIMEOUT:.0f} s"):
        await init_in_memory(hub, tmp_path / "kubeconfig")
    assert list(tmp_path.iterdir()) == []


async def test_an_old_hub_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    hub = cluster("hub", CONFIG.server, "v1.28.0")
    with pytest.raises(RefusedError, match=r"a hub must be 1\.29 or later"):
        await init_in_memory(hub, tmp_path / "kubeconfig")
    assert hub.writes == []


DIRECT = "https://10.0.0.9:6443"


async def test_the_controller_may_reach_the_hub_at_another_address(hub: MemoryApi, tmp_path: Path) -> None:
    establish(hub)
    tried: list[tuple[ServerConfig, str | None]] = []

    def connect(config: ServerConfig, token: StaticToken) -> MemoryApi:
        tried.append((config, token.value))
        return hub

    await init(hub, replace(CONFIG, token="a person's"), tmp_path / "a", silent, server=DIRECT, connect=connect)
    reached = replace(CONFIG, server=DIRECT)
    assert load(None, tmp_path / "a") == replace(reached, token=TOKEN)
    assert tried == [(reached, None), (reached, TOKEN)], "no credentials of a person go there"


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("server", "expected"), [("http://10.0.0.9", RefusedError), ("https://a..b", RefusedError), (DIRECT, KubeError)]
)
async def test_an_address_that_cannot_be_used_is_found_before_anything_is_written(
    hub: MemoryApi, tmp_path: Path, server: str, expected: type[Exception], dry_run: bool
) -> None:
    nothing = MemoryApi(DIRECT)

    def away(method: str, path: str) -> None:
        raise UnreachableError("no answer")

    nothing.before = away
    with pytest.raises(expected, match=r"no answer; give the address .* --server|^--server cannot be used"):
        await init(
            hub, CONFIG, tmp_path / "a", silent, server=server, dry_run=dry_run, connect=lambda config, token: nothing
        )
    assert hub.writes == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("anonymous", [True, False], ids=["anonymous is let in", "anonymous is refused"])
async def test_a_server_that_does_not_take_the_token_gets_into_no_kubeconfig(
    hub: MemoryApi, tmp_path: Path, anonymous: bool
) -> None:
    establish(hub)
    other = MemoryApi(DIRECT)

    def refuse(method: str, path: str) -> None:
        if path != "/version" or not anonymous:
            raise UnauthorizedError(401, "Unauthorized", "Unauthorized")

    other.before = refuse
    with pytest.raises(UnreachableError, match=r"is it another cluster.*is not written, what was done before stays"):
        await init(hub, CONFIG, tmp_path / "a", silent, server=DIRECT, connect=lambda config, token: other)
    assert list(tmp_path.iterdir()) == []


async def test_argo_cd_is_taught_when_that_is_asked_for_alone(hub: MemoryApi, tmp_path: Path) -> None:
    establish(hub)
    install_argocd(hub)
    before = hub.objects[f"{ARGOCD}/configmaps/argocd-cm"]
    await init_in_memory(hub, tmp_path / "a")
    assert hub.objects[f"{ARGOCD}/configmaps/argocd-cm"] == before
    await init_in_memory(hub, tmp_path / "a", argocd=True)
    assert hub.objects[f"{ARGOCD}/configmaps/argocd-cm"]["data"] == before["data"] | {KEY: SCRIPT}


@pytest.mark.parametrize("dry_run", [False, True])
async def test_without_argo_cd_there_is_nobody_to_teach_and_nothing_is_written(
    hub: MemoryApi, tmp_path: Path, dry_run: bool
) -> None:
    with pytest.raises(RefusedError, match="install Argo CD on the hub first"):
        await init_in_memory(hub, tmp_path / "a", argocd=True, dry_run=dry_run)
    assert hub.writes == []


async def test_an_argo_cd_that_goes_meanwhile_is_no_refusal_since_something_was_changed(
    hub: MemoryApi, tmp_path: Path
) -> None:
    establish(hub)
    install_argocd(hub)

    def before(method: str, path: str) -> None:
        if method == "PATCH":
            hub.objects.pop(ARGOCD, None)

    hub.before = before
    with pytest.raises(UnreachableError, match=r"install Argo CD on the hub first.*what was done before stays"):
        await init_in_memory(hub, tmp_path / "a", argocd=True)
    assert list(tmp_path.iterdir()) == []


async def test_a_dry_run_says_what_argo_cd_would_be_taught(hub: MemoryApi, tmp_path: Path) -> None:
    install_argocd(hub)
    said: list[str] = []
    await init_in_memory(hub, tmp_path / "a", said.append, argocd=True, dry_run=True)
    assert said[-1] == "dry run: would write the health check of MultiClusterService into ConfigMap argocd/argocd-cm"
    assert hub.writes == []


@pytest.mark.parametrize(("fleet", "told"), [("", True), ("lost-uid", False)])
async def test_members_without_a_record_are_told_of(hub: MemoryApi, tmp_path: Path, fleet: str, told: bool) -> None:
    """A new uid would make strangers of all their imports."""
    establish(hub)
    hub.put(f"{SYSTEM}/secrets/cluster-oldcluster", {"metadata": {"labels": {CLUSTER_LABEL: "cluster"}}})
    for again in (False, True):
        said: list[str] = []
        await init_in_memory(hub, tmp_path / "a", said.append, fleet=fleet)
        assert any("no record of their fleet" in line for line in said) is (told and not again)


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_crd_that_is_not_ours_is_refused_before_anything_is_written(
    hub: MemoryApi, tmp_path: Path, dry_run: bool
) -> None:
    hub.put(CRD, {"spec": {"scope": "Namespaced"}})
    with pytest.raises(RefusedError, match=r"it is not ours; to replace it would change: version v1alpha1 comes"):
        await init_in_memory(hub, tmp_path / "a", dry_run=dry_run)
    assert hub.writes == []
