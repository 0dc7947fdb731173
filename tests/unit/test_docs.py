"""The documents are true: commands parse, targets exist, links lead somewhere, nothing that users meet is left out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
from cyclopts import App
from landbridge_lab.cli import app as lab_app
from prometheus_client import Counter, Gauge, Histogram

from landbridge.api.multicluster import State
from landbridge.cli import app
from landbridge.cli.outcome import EXIT_CODES
from landbridge.mcs import conflicts, intent
from landbridge.mcs.conditions import NO_ENDPOINTS, NOT_REMOVED
from landbridge.mcs.events import RECOVERED
from landbridge.mcs.status import ENDING
from landbridge.telemetry import metrics

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted(ROOT.glob("docs/**/*.md"))]
PROGRAMS: dict[str, App] = {"landbridge": app, "landbridge-lab": lab_app}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def lines(document: Path) -> list[str]:
    """Command lines: in a code block, after an optional prompt; comments taken off, continued lines joined."""
    blocks = re.findall(
        r"^```(?:console|sh|bash)?\n(.*?)^```|^((?:    .*\n)+)", document.read_text(), re.MULTILINE | re.DOTALL
    )
    text = "\n".join(fenced or indented for fenced, indented in blocks).replace("\\\n", " ")
    return [line.strip().removeprefix("$ ").split("  #")[0].strip() for line in text.splitlines()]


def commands(program: str) -> list[tuple[Path, str]]:
    """All command lines that start with ``program``."""
    return [(doc, line) for doc in DOCUMENTS for line in lines(doc) if line.split(" ")[0] == program]


def reference() -> str:
    return (ROOT / "docs" / "reference.md").read_text()


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_documented_command_is_one(program: str) -> None:
    found = commands(program)
    assert found
    for _, line in found:
        words = shlex.split(line.split(" >")[0].removesuffix(" &"))
        PROGRAMS[program].parse_args(words[1:], exit_on_error=False, print_error=False)


def test_no_command_writes_a_token_into_a_checkout() -> None:
    option = "--controller-kubeconfig "
    files = [line.split(option)[1] for _, line in commands("landbridge") if option in line]
    assert files
    assert [file for file in files if not file.startswith("~/.config/landbridge/")] == []


def test_every_documented_make_target_exists() -> None:
    found = commands("make")
    assert found
    assert {line.split()[1] for _, line in found} <= TARGETS


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        assert "://" in target or (document.parent / target).exists(), target


def test_every_metric_is_documented() -> None:
    kinds = (Counter, Gauge, Histogram)
    names = [metric for name in vars(metrics) if isinstance(metric := getattr(metrics, name), kinds)]
    described = [f"{m._name}_total" if isinstance(m, Counter) else m._name for m in names]
    assert described
    assert [name for name in described if f"`{name}`" not in reference()] == []


def test_every_state_reason_and_exit_code_is_documented() -> None:
    of_conflicts = [value for name, value in vars(conflicts).items() if name.isupper() and isinstance(value, str)]
    assert conflicts.PORT in of_conflicts
    reasons = [
        *of_conflicts,
        intent.RESERVED_NAMESPACE,
        intent.RESERVED_SERVICE,
        ENDING,
        NO_ENDPOINTS,
        NOT_REMOVED,
        RECOVERED,
    ]
    assert [word for word in (*get_args(State), *reasons) if f"`{word}`" not in reference()] == []
    assert [code for code in EXIT_CODES if f"| {code} |" not in reference()] == []


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text()
    assert [path.name for path in ROOT.glob("docs/adr/0*.md") if path.name not in listed] == []
