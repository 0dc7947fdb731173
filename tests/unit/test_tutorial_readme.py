"""The tutorial's README types what the demo types, and names files that are there."""

import re
from pathlib import Path

import pytest

from demo.chain import NEW, OLD, chain
from demo.stage import TUTORIAL
from demo.steps import IDS, STEPS

README = (TUTORIAL / "README.md").read_text()
TYPED = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", README.replace("|\n      ", "| "), re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


def plain(line: str) -> str:
    """Leave out how long the demo waits, and kubectl's short name of namespaces."""
    return re.sub(r" --timeout=\S+", "", line).replace("create ns ", "create namespace ")


WALKED = {plain(line) for step in STEPS for line in (*step.commands, *step.look)}


@pytest.mark.parametrize("line", [line for line in TYPED if re.search(r" (create|apply|scale|rollout) ", line)])
def test_every_change_is_one_that_the_demo_makes(line: str) -> None:
    assert line in WALKED


def test_placeholders_are_filled_as_in_the_demo() -> None:
    assert any(IDS in line for line in TYPED)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"[\w-]+\.yaml", README))))
def test_files_that_are_named_are_there(name: str) -> None:
    assert (TUTORIAL / name).is_file()


def test_chains_that_are_promised_are_ones_that_the_demo_sees() -> None:
    promised = re.findall(r"^service1\(.*$", README, re.MULTILINE)
    assert promised == [chain(OLD, OLD, OLD), chain(OLD, NEW, OLD), chain(NEW, NEW, NEW)]


def test_every_manifest_is_used() -> None:
    assert sorted(path.name for path in Path(TUTORIAL).glob("*.yaml") if path.name not in README) == []
