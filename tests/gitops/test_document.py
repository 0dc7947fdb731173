"""docs/gitops.md, typed as it stands: every command works, in that order, and says what the page says that it says."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from demo.shell import Shell
from demo.walk import Result

PAGE = (Path(__file__).parents[2] / "docs/gitops.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
TYPED = [part for block in BLOCKS for part in block.split("$ ")[1:]]
"""Each command with what follows it: the lines that it prints."""

SECRET, KUBECONFIG = "cluster-10.0.0.1-1234567890", "~/.config/landbridge/controller.kubeconfig"
BY_HAND = "newcluster-by-hand"


@pytest.fixture(scope="module")
async def typing(shell: Shell, walked: list[Result], tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Shell]:
    """The lab as `make demo-gitops ARGS=--keep` leaves it, and a cluster that Argo CD knows by the page's Secret."""
    await shell.quiet(f"argocd --core cluster add newcluster --name {BY_HAND} -y")
    yield shell
    await shell.quiet(f"kubectl --context fleet delete secret -n argocd {await known_by_hand(shell)}")


async def known_by_hand(shell: Shell) -> str:
    """The name of the Secret that `argocd cluster add` made."""
    listed = "kubectl --context fleet get secret -n argocd -o name"
    (name,) = [line for line in (await shell.quiet(listed)).split() if "cluster-127.0.0.1-" in line]
    return name.removeprefix("secret/")


def test_the_page_has_commands() -> None:
    assert len(TYPED) > 20
    assert any(SECRET in command for command in TYPED)
    assert any(KUBECONFIG in command for command in TYPED)


@pytest.mark.parametrize("number", range(len(TYPED)), ids=[command.splitlines()[0] for command in TYPED])
async def test_a_command_of_the_page(typing: Shell, number: int, tmp_path: Path) -> None:
    line, *printed = TYPED[number].splitlines()
    line = line.replace(SECRET, await known_by_hand(typing)).replace(KUBECONFIG, str(tmp_path / "kubeconfig"))
    said = [" ".join(one.split()) for one in (await typing.run(line)).splitlines()]
    assert [one for one in printed if one and " ".join(one.split()) not in said] == []
