"""A shell whose programs are scripts of the test."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from demo.screen import Screen
from demo.shell import Shell

MakeShell = Callable[..., Shell]


@pytest.fixture
def shown() -> StringIO:
    """What the screen showed."""
    return StringIO()


@pytest.fixture
def make_shell(tmp_path: Path, shown: StringIO) -> MakeShell:
    """Make a shell where `kubectl`, or a program of another name, is the given script of sh."""

    def make(script: str, name: str = "kubectl") -> Shell:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        screen = Screen(Console(file=shown, width=200, highlight=False))
        return Shell(screen, tmp_path, (tmp_path,), tmp_path / "kubeconfig")

    return make
