"""`landbridge service`, as a person and a script meet it."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console

from landbridge.api.meta import ObjectMeta
from landbridge.api.migration import SERVICE_MIGRATIONS, ServiceMigration, ServiceMigrationSpec
from landbridge.checks.shapes import Finding, Verdict
from landbridge.cli import main
from landbridge.cli.outcome import EXIT_CODES
from landbridge.cli.service import CODES, _known, _print
from landbridge.kube.errors import ForbiddenError, UnreachableError
from tests.unit.checks.stage import NEW, OLD, SERVICE, Stage, well
from tests.unit.memory_api import MemoryApi
from tests.unit.objects import SERVICE2

DOCUMENT = Path(__file__).parents[3] / "docs" / "service.md"


@pytest.fixture
async def stage() -> Stage:
    return await well()


@pytest.mark.parametrize("name", ["web", "a/b/c", "/web", "shop/", "../x", "Shop/web", "shop/web?x=1"])
def test_what_is_no_namespace_and_name_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(("service", name, "--kubeconfig", "/nowhere"))
    assert end.value.code == 3
    assert "refused (InvalidService)" in capsys.readouterr().err


def test_each_verdict_has_an_exit_code_of_its_own() -> None:
    assert set(CODES) == set(get_args(Verdict))
    assert len(set(CODES.values())) == len(CODES)
    assert set(CODES.values()) <= set(EXIT_CODES)


def ages(text: str) -> str:
    """Without what differs from run to run."""
    return re.sub(r"\b\d+[smhd]\b", "1m", re.sub(r"([ ─])+", r"\1", text))


async def test_the_documented_output_is_what_is_printed(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    _print(await stage.report(), "text")
    stage.clusters[NEW].remove(SERVICE)
    _print(await stage.report(), "text")
    printed = [line.strip() for line in ages(capsys.readouterr().out).splitlines()]
    documented = [line.strip() for line in ages(DOCUMENT.read_text()).splitlines()]
    assert [line for line in printed if line and line not in documented] == []


async def test_what_is_held_back_on_purpose_is_told(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    meta = ObjectMeta(SERVICE2.name, SERVICE2.namespace, creation_timestamp="2026-01-01T10:00:00Z", generation=1)
    move = ServiceMigration(meta, ServiceMigrationSpec(OLD, NEW, 1))
    stage.hub.put(
        SERVICE_MIGRATIONS.path(SERVICE2.namespace, SERVICE2.name), msgspec.json.decode(SERVICE_MIGRATIONS.encode(move))
    )
    await stage.sync()
    _print(await stage.report(), "text")
    printed = capsys.readouterr().out
    assert f"{NEW} offers 1 of 2, about 33% of new connections in {OLD} (ServiceMigration service2)" in printed
    assert "All is well" in printed


async def test_what_was_not_seen_is_told_apart_from_what_is_wrong(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    def cut(method: str, path: str) -> None:
        raise UnreachableError("no answer [/] \x1b[2J")

    stage.clusters[NEW].before = cut
    _print(await stage.report(), "text")
    told = capsys.readouterr().out
    assert "newcluster: NotSeen: no answer [/] ?[2J\n    landbridge fleet list\n" in told
    assert "nothing found wrong in what was seen; 1 clusters not seen." in told
    assert "mcs-demo/service2: ? ready endpoints" in told


async def test_a_program_gets_json(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    _print(await stage.report(), "json")
    told = msgspec.json.decode(capsys.readouterr().out)
    assert (told["verdict"], told["readyEndpoints"], told["findings"]) == ("Well", 4, [])


async def test_a_hundred_clusters_are_told_in_few_lines(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    found = await stage.report()
    wrong = Finding("NoCluster", "not in the fleet")
    _print(replace(found, consumers=found.consumers * 5_000, findings=(wrong,) * 200), "text")
    told = capsys.readouterr().out
    assert len(told.splitlines()) < 130
    assert ("... and 9950 more: see -o json" in told, "... and 150 more: see -o json" in told) == (True, True)


async def test_who_may_not_read_secrets_learns_why_so_little_is_seen() -> None:
    hub = MemoryApi()

    def refuse(method: str, path: str) -> None:
        raise ForbiddenError(403, "Forbidden", "no secrets for you")

    hub.before = refuse
    assert (await _known(hub)).hidden.endswith("no secrets for you")


async def test_a_narrow_terminal_cuts_no_name(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("landbridge.cli.options.Console", partial(Console, force_terminal=True, no_color=True))
    monkeypatch.setenv("COLUMNS", "60")
    _print(await stage.report(), "text")
    assert "…" not in capsys.readouterr().out
