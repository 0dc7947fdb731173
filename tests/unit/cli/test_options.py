"""How commands speak."""

from __future__ import annotations

import pytest

from landbridge.cli.options import LONGEST_LINE, print_table, report

ODD = "\x1b]0;owned\x07" + "x" * 100_000


def test_s15_what_a_line_repeats_of_others_is_cut_and_obeyed_by_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    report(f"cluster {ODD}")
    said = capsys.readouterr().err
    assert said.startswith("cluster ?]0;owned?xxx")
    assert len(said) <= LONGEST_LINE + 1


def test_s15_what_a_table_shows_of_others_is_no_markup_and_cut(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME", "STATE"), [("[red]old[/red]", "Ready"), ("new", ODD)])
    said = capsys.readouterr().out
    assert "[red]old[/red]" in said
    assert "\x1b" not in said
    assert len(said) < 3 * LONGEST_LINE
