from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from landbridge import __version__
from landbridge.cli import main


def run(*arguments: str) -> int:
    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("version") == 0
    assert capsys.readouterr().out == f"landbridge {__version__}\n"
    assert run("version", "-o", "json") == 0
    assert msgspec.json.decode(capsys.readouterr().out)["version"] == __version__


@pytest.mark.parametrize(
    "arguments", [("fleet", "join"), ("fleet", "nonsense"), ("version", "--nonsense"), ("version", "-o", "yaml")]
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err


def test_a_refusal_is_one_line_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fleet", "list", "--kubeconfig", str(tmp_path / "missing")) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "give another with --kubeconfig" in captured.err


@pytest.mark.parametrize("command", ["init", "join", "leave", "list", "sweep", "debts"])
def test_help_explains_each_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fleet", command, "--help") == 0
    assert "Exit codes" in capsys.readouterr().out
