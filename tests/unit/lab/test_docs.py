"""docs/lab.md names every command, option, exit code and variable that there is."""

import re
from pathlib import Path

import pytest
from landbridge_lab import errors
from landbridge_lab.cli import app
from landbridge_lab.errors import LabError

DOCUMENT = (Path(__file__).parents[3] / "docs/lab.md").read_text()
COMMANDS = sorted(name for name in app if not name.startswith("-"))
SOURCES = Path(errors.__file__).parent


def options(command: str) -> set[str]:
    return {name for argument in app[command].assemble_argument_collection() for name in argument.names}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_each_of_its_options_is_documented(command: str) -> None:
    assert re.search(rf"^\| `{command}[ `]", DOCUMENT, re.MULTILINE)

    for option in options(command):
        if option.startswith("-"):
            assert f"{option}" in DOCUMENT, option


def test_every_exit_code_is_documented() -> None:
    kinds: list[type[LabError]] = [LabError, *LabError.__subclasses__()]
    codes = {0, *(kind.exit_code for kind in kinds)}

    assert {int(code) for code in re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE)} == codes


def test_every_variable_is_documented() -> None:
    used = {
        name
        for source in SOURCES.rglob("*.py")
        for name in re.findall(r"LANDBRIDGE_LAB_[A-Z_]+", source.read_text())
        if name not in ("LANDBRIDGE_LAB_DIR", "LANDBRIDGE_LAB_PART")  # marks of processes, not for people to set
    }

    assert used == set(re.findall(r"^\| `(LANDBRIDGE_LAB_[A-Z_]+)`", DOCUMENT, re.MULTILINE))
