"""The exit code of `landbridge service` says what it found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from importlib import import_module

import pytest

from landbridge.checks.look import look
from landbridge.cli import main
from landbridge.cli.service import service
from landbridge.fleet.refusal import TimedOutError
from landbridge.kube.config import ServerConfig
from landbridge.kube.errors import UnreachableError
from tests.unit.checks.stage import MCS, NEW, OLD, SERVICE, Stage, well
from tests.unit.memory_api import MemoryApi

NAME = "mcs-demo/service2"


def nothing(stage: Stage) -> None:
    pass


def one_service_less(stage: Stage) -> None:
    stage.clusters[NEW].remove(SERVICE)


def one_cluster_away(stage: Stage) -> None:
    def cut(method: str, path: str) -> None:
        raise UnreachableError("no answer")

    stage.clusters[NEW].before = cut


def all_gone(stage: Stage) -> None:
    stage.hub.remove(MCS)
    for name in (OLD, NEW):
        for path in [path for path in stage.clusters[name].objects if "/endpointslices/" in path]:
            stage.clusters[name].remove(path)


def hub_away(stage: Stage) -> None:
    def cut(method: str, path: str) -> None:
        raise UnreachableError("no answer")

    stage.hub.before = cut


def let_it_see(monkeypatch: pytest.MonkeyPatch, hub: MemoryApi, stage: Stage) -> None:
    """Let the command meet what is in memory, and lose no time."""
    command = import_module("landbridge.cli.service")  # the package has its function by that name
    monkeypatch.setattr(command, "load", lambda *_: ServerConfig(hub.server, ca=None))
    monkeypatch.setattr(command, "Api", lambda _: hub)
    monkeypatch.setattr(command, "look", partial(look, connect=stage.connect))
    monkeypatch.setattr("landbridge.checks.look.MOMENT", 0.0)


@pytest.mark.parametrize(
    ("change", "code"), [(nothing, 0), (hub_away, 4), (one_cluster_away, 4), (one_service_less, 5), (all_gone, 6)]
)
def test_what_was_found_is_the_exit_code(
    change: Callable[[Stage], None], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = asyncio.run(well())
    change(stage)
    let_it_see(monkeypatch, stage.hub, stage)
    found = 0
    try:
        main(("service", NAME))
    except SystemExit as end:
        found = int(end.code or 0)
    assert found == code


@pytest.mark.looptime
async def test_a_hub_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(MemoryApi):
        async def request(self, *arguments: object, **more: object) -> bytes:
            await asyncio.sleep(3_600)
            return b""

    let_it_see(monkeypatch, Hanging(), await well())
    with pytest.raises(TimedOutError, match="the hub did not say in 30 s"):
        await service(NAME)
