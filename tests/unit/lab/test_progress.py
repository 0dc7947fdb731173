"""How a long operation tells what it does."""

import io
import re

import pytest
from landbridge_lab.progress import Live, Plain, Silent, for_console
from rich.console import Console


def plain_console() -> Console:
    return Console(file=io.StringIO(), width=100)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_finished_step_is_one_line_with_its_seconds() -> None:
    console = plain_console()

    with Plain(console).step("fleet: control plane [1]"):
        assert written(console) == ""

    assert re.fullmatch(r" +\d+\.\d s  fleet: control plane \[1\]\n", written(console))


def test_a_long_step_is_told_at_its_start() -> None:
    console = plain_console()

    with Plain(console).step("Building kubernetes", long=True):
        assert "... Building kubernetes" in written(console)


def test_a_failed_step_is_not_told_as_done() -> None:
    console = plain_console()

    with pytest.raises(ValueError, match="no"), Plain(console).step("something"):
        raise ValueError("no")

    assert written(console) == ""


def test_live_leaves_the_same_lines_and_steps_may_overlap() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    progress = Live(console)

    one, two = progress.step("one"), progress.step("two")
    one.__enter__()
    two.__enter__()
    one.__exit__(None, None, None)
    two.__exit__(None, None, None)

    assert [line for line in ("one", "two") if f" s  {line}" in written(console)] == ["one", "two"]


def test_live_can_be_shown_on_a_terminal_without_unicode() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")

    with Live(Console(file=file, force_terminal=True, width=100)).step("one"):
        pass


def test_the_console_decides() -> None:
    assert isinstance(for_console(plain_console()), Plain)
    assert isinstance(for_console(Console(file=io.StringIO(), force_terminal=True)), Live)


def test_silent_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Silent().step("something", long=True):
        pass

    assert capsys.readouterr() == ("", "")
