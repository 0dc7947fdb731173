"""Every rule has a guard that can be taken out, and a test that would miss it."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.guards.guard import ROOT, RULES, Guard, read_guards

GUARDS = read_guards()
each_guard = pytest.mark.parametrize("guard", GUARDS, ids=[guard.path.stem for guard in GUARDS])


@cache
def functions(file: Path) -> dict[str, str]:
    """The tests of a file, each with its docstring and that of the file."""
    tree = ast.parse(file.read_text())
    return {
        node.name: f"{ast.get_docstring(tree)} {ast.get_docstring(node)}"
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_rule_that_is_implemented_has_a_guard() -> None:
    assert {guard.rule for guard in GUARDS} == set(RULES)


@each_guard
def test_a_guard_names_a_test_that_names_its_rule(guard: Guard) -> None:
    file, _, name = guard.test.partition("::")
    found = functions(ROOT / file)
    assert name in found
    assert re.search(rf"\b{guard.rule}\b", f"{name.replace('_', ' ').upper()} {found[name]}")


@each_guard
def test_a_guards_patch_applies_and_says_what_it_is_for(guard: Guard) -> None:
    command = ["git", "apply", "--check", "-p1", str(guard.path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert guard.summary.endswith(".")
    assert guard.path.read_text().splitlines()[1].startswith("Red: ")
