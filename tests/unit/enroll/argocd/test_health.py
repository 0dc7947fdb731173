from __future__ import annotations

import pytest

from landbridge.api.core import CONFIG_MAPS
from landbridge.enroll.argocd.health import KEY, MARK, SCRIPT, Step, decide, install, settings
from landbridge.enroll.argocd.installed import NO_ARGOCD
from landbridge.fleet.refusal import RefusedError
from landbridge.mcs.intent import RESERVED_NAMESPACE, RESERVED_SERVICE
from tests.silence import silent
from tests.unit.fleet.stage import ARGOCD, install_argocd
from tests.unit.memory_api import MemoryApi

PATH = f"{ARGOCD}/configmaps/argocd-cm"
THEIRS = "hs = {}\nreturn hs\n"


@pytest.fixture
def hub() -> MemoryApi:
    hub = MemoryApi()
    install_argocd(hub)
    return hub


async def script(hub: MemoryApi) -> str | None:
    return ((await hub.get(CONFIG_MAPS, "argocd-cm", "argocd")).data or {}).get(KEY)


def test_the_key_is_the_one_that_argo_cd_looks_for() -> None:
    assert KEY == "resource.customizations.health.networking.one.alibabacloud.com_MultiClusterService"


def test_the_script_begins_with_a_comment_that_says_whose_it_is() -> None:
    assert SCRIPT.startswith(f"{MARK}\n")
    assert MARK.startswith("-- ")
    assert "by `landbridge fleet init --argocd`" in MARK


@pytest.mark.parametrize("reason", ["Forbidden", RESERVED_NAMESPACE, RESERVED_SERVICE])
def test_the_script_knows_the_reasons_that_waiting_does_not_mend(reason: str) -> None:
    assert f"{reason} = true" in SCRIPT


@pytest.mark.parametrize(
    ("present", "step"),
    [
        (None, Step.INSTALL),
        ("", Step.INSTALL),
        (SCRIPT, Step.NOTHING),
        (SCRIPT.rstrip(), Step.NOTHING),
        (f"{MARK}\nreturn nil", Step.INSTALL),
        (THEIRS, Step.KEEP),
    ],
    ids=["none", "empty", "ours", "ours without its last newline", "ours of another version", "theirs"],
)
def test_only_what_is_ours_is_overwritten(present: str | None, step: Step) -> None:
    assert decide(present) is step


async def test_everything_else_in_the_settings_stays(hub: MemoryApi) -> None:
    await install(hub, silent)
    assert (await hub.get(CONFIG_MAPS, "argocd-cm", "argocd")).data == {"url": "https://cd", KEY: SCRIPT}


async def test_doing_it_again_changes_nothing(hub: MemoryApi) -> None:
    await install(hub, silent)
    hub.calls.clear()
    said: list[str] = []
    await install(hub, said.append)
    assert hub.writes == []
    assert "up to date" in said[0]


async def test_a_script_that_is_not_ours_stays_and_it_is_said(hub: MemoryApi) -> None:
    hub.put(PATH, {"metadata": {"namespace": "argocd"}, "data": {KEY: THEIRS}})
    said: list[str] = []
    await install(hub, said.append)
    assert await script(hub) == THEIRS
    assert "not ours" in said[0]


async def test_somebody_elses_change_meanwhile_is_not_undone(hub: MemoryApi) -> None:
    def before(method: str, path: str) -> None:
        if method == "PATCH":
            hub.before = lambda method, path: None
            hub.put(PATH, {"metadata": {"namespace": "argocd"}, "data": {KEY: THEIRS}})

    hub.before = before
    await install(hub, silent)
    assert await script(hub) == THEIRS


@pytest.mark.parametrize("missing", [ARGOCD, PATH])
async def test_a_hub_without_argo_cd_is_refused(hub: MemoryApi, missing: str) -> None:
    hub.remove(missing)
    with pytest.raises(RefusedError, match="install Argo CD on the hub first") as refusal:
        await settings(hub)
    assert refusal.value.reason == NO_ARGOCD
