"""Before imports go, a person says so."""

from __future__ import annotations

import io

import pytest

from landbridge.cli.fleet.sweep import confirm
from landbridge.fleet.refusal import RefusedError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_s7_who_is_asked_and_says_yes_is_heard(answer: str) -> None:
    confirm(12, yes=False, answers=Terminal(answer))


@pytest.mark.parametrize("answer", ["\n", "n\n", "", "yesterday\n"])
def test_s7_anything_else_is_no(answer: str) -> None:
    with pytest.raises(RefusedError, match="nothing was removed"):
        confirm(12, yes=False, answers=Terminal(answer))


def test_s7_where_nobody_can_be_asked_yes_is_an_option() -> None:
    with pytest.raises(RefusedError, match="say --yes") as refusal:
        confirm(12, yes=False, answers=io.StringIO("y\n"))
    assert refusal.value.reason == "NotConfirmed"
    confirm(12, yes=True, answers=io.StringIO())
