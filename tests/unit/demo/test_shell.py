"""What is shown is what runs."""

from collections.abc import Callable
from io import StringIO

import pytest

from demo.shell import CommandFailedError, Shell

MakeShell = Callable[..., Shell]


async def test_shows_the_command_and_its_output(make_shell: MakeShell, shown: StringIO) -> None:
    said = await make_shell('echo "asked for $*"; echo and warned >&2').run("kubectl get mcs")
    assert said == "asked for get mcs\nand warned\n"
    assert shown.getvalue() == "$ kubectl get mcs\nasked for get mcs\nand warned\n"


async def test_looks_without_showing(make_shell: MakeShell, shown: StringIO) -> None:
    assert await make_shell("echo found").quiet("kubectl get mcs") == "found\n"
    assert shown.getvalue() == ""


async def test_uses_the_labs_kubeconfig(make_shell: MakeShell) -> None:
    shell = make_shell('echo "$KUBECONFIG"')
    assert await shell.quiet("kubectl") == f"{shell.kubeconfig}\n"


async def test_failed_command_is_an_error_with_what_it_said(make_shell: MakeShell, shown: StringIO) -> None:
    with pytest.raises(CommandFailedError, match=r"`kubectl get mcs` ended with 3: no such thing"):
        await make_shell("echo no such thing; exit 3").run("kubectl get mcs")
    assert "no such thing" in shown.getvalue()


async def test_failure_at_the_head_of_a_pipe_is_one(make_shell: MakeShell) -> None:
    with pytest.raises(CommandFailedError):
        await make_shell("exit 3").quiet("kubectl | cat")


async def test_a_commit_goes_nowhere_but_where_it_is_told(
    make_shell: MakeShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, "/somewhere/else")
    assert await make_shell("env | grep ^GIT_ || echo none").quiet("kubectl") == "none\n"
