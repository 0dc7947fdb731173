"""docs/reference.md leaves out no option, no reason and no field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cyclopts import App

from landbridge.api.crd import DEFINITIONS, Definition, object_schema
from landbridge.cli import app

ROOT = Path(__file__).parents[3]
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
COMMANDS = ("init", "join", "leave", "list", "sweep", "debts", "destroy")


def options(command: App) -> set[str]:
    """Its long options, but those that every command has."""
    names = {name for argument in command.assemble_argument_collection() for name in argument.names}
    return {name for name in names if name.startswith("--")}


@pytest.mark.parametrize(
    "command", [*(("fleet", name) for name in COMMANDS), ("service",), ("controller",), ("version",)]
)
def test_every_option_is_documented(command: tuple[str, ...]) -> None:
    found = app
    for name in command:
        found = found[name]
    listed = {name for name in options(found) if f"`{name}`" in REFERENCE}
    assert options(found) == listed
    assert f"`landbridge {' '.join(command)}" in REFERENCE


def test_every_reason_and_state_is_documented() -> None:
    source = "\n".join(
        path.read_text()
        for part in ("fleet", "enroll", "cli")
        for path in (ROOT / "src/landbridge" / part).rglob("*.py")
    )
    reasons = set(re.findall(r'^[A-Z_]+ = "([A-Z][A-Za-z]+)"$', source, re.MULTILINE))
    assert {reason for reason in reasons if f"`{reason}`" not in REFERENCE} == set()


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.kind.kind)
def test_every_field_is_documented(definition: Definition) -> None:
    assert f"## {definition.kind.kind}" in REFERENCE
    about = REFERENCE.partition(f"## {definition.kind.kind}")[2].partition("\n## ")[0]
    schema = object_schema(definition.kind.type)["properties"]
    for part in schema.keys() & {"spec", "status"}:
        assert [name for name in schema[part]["properties"] if f"{part}.{name}" not in about] == []
    rows = schema.get("status", {}).get("properties", {}).get("clusters", {}).get("items", {}).get("properties", {})
    assert [name for name in rows if f".{name}" not in about] == []
