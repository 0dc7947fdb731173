from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from landbridge_lab import Lab

from landbridge.api.core import CONFIG_MAPS, SECRETS
from landbridge.enroll.manifests import path
from landbridge.fleet import rbac, record
from landbridge.kube.api import Api
from landbridge.kube.config import load
from landbridge.kube.errors import ForbiddenError
from tests.api.command import Command
from tests.api.fleet.hub import there_is
from tests.api.snapshot import difference, snapshot


async def test_the_controller_may_do_its_work_and_no_more(hub: Api, controller_kubeconfig: Path) -> None:
    async with Api(load(None, controller_kubeconfig)) as controller:
        assert (await record.load(controller)).uid
        await controller.list(SECRETS, "landbridge-system")
        with pytest.raises(ForbiddenError):
            await controller.list(SECRETS, "kube-system")
        with pytest.raises(ForbiddenError):
            await controller.list(CONFIG_MAPS, "landbridge-system")


async def test_the_kubeconfig_holds_everything_and_is_private(hub: Api, controller_kubeconfig: Path) -> None:
    assert controller_kubeconfig.stat().st_mode & 0o777 == 0o600
    document = yaml.safe_load(controller_kubeconfig.read_text())
    assert set(document["clusters"][0]["cluster"]) == {"server", "certificate-authority-data"}
    assert set(document["users"][0]["user"]) == {"token"}


async def test_doing_it_again_changes_nothing_but_the_token(hub: Api, landbridge: Command, tmp_path: Path) -> None:
    before, uid = await snapshot(hub), (await record.load(hub)).uid
    file = tmp_path / "again"
    outcome = await landbridge.done(
        "fleet", "init", "--context", "fleet", "--controller-kubeconfig", str(file), "-o", "json"
    )
    assert difference(before, await snapshot(hub)) == []
    assert outcome.json == {"fleet": uid, "controllerKubeconfig": str(file)}
    assert file.exists()


async def test_what_is_missing_is_mended(hub: Api, landbridge: Command, tmp_path: Path) -> None:
    before = await snapshot(hub)
    binding = rbac.manifests(rbac.HUB)[-1]
    await hub.request("DELETE", path(binding))
    await landbridge.done("fleet", "init", "--context", "fleet", "--controller-kubeconfig", str(tmp_path / "again"))
    assert [line[0] for line in difference(before, await snapshot(hub))] == ["~"]  # the binding's uid
    assert await there_is(hub, path(binding))


async def test_a_dry_run_changes_nothing(newcluster: Api, landbridge: Command, tmp_path: Path) -> None:
    before, file = await snapshot(newcluster), tmp_path / "kubeconfig"
    outcome = await landbridge.done(
        "fleet", "init", "--context", "newcluster", "--controller-kubeconfig", str(file), "--dry-run"
    )
    assert difference(before, await snapshot(newcluster)) == []
    assert "would apply CustomResourceDefinition multiclusterservices" in outcome.err
    assert not file.exists()


async def test_no_token_is_ever_printed(hub: Api, landbridge: Command, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    outcome = await landbridge.done("fleet", "init", "--context", "fleet", "--controller-kubeconfig", str(file))
    token = yaml.safe_load(file.read_text())["users"][0]["user"]["token"]
    assert token not in outcome.out + outcome.err


async def test_the_controller_may_reach_the_hub_at_another_address(
    hub: Api, landbridge: Command, own_lab: Lab, tmp_path: Path
) -> None:
    file, direct = tmp_path / "kubeconfig", own_lab.clusters["fleet"].direct_server
    await landbridge.done(
        "fleet", "init", "--context", "fleet", "--controller-kubeconfig", str(file), "--server", f"{direct}/"
    )
    config = load(None, file)
    assert config.server == direct != hub.server
    async with Api(config) as controller:
        assert (await record.load(controller)).uid == (await record.load(hub)).uid


@pytest.mark.parametrize(
    ("server", "code", "words"),
    [
        ("http://127.0.0.1:1", 3, "https://host:port"),
        ("https://127.0.0.1:1", 4, "give the address that the controller can use with --server"),
        ("another cluster", 4, "certificate"),
    ],
)
async def test_another_address_is_checked_before_anything_is_written(
    newcluster: Api, landbridge: Command, own_lab: Lab, tmp_path: Path, server: str, code: int, words: str
) -> None:
    before, file = await snapshot(newcluster), tmp_path / "kubeconfig"
    address = own_lab.clusters["oldcluster"].server if server == "another cluster" else server
    outcome = await landbridge(
        "fleet", "init", "--context", "newcluster", "--controller-kubeconfig", str(file), "--server", address
    )
    assert words in " ".join(outcome.err.split())
    assert outcome.code == code
    assert difference(before, await snapshot(newcluster)) == []
    assert not file.exists()
