"""What reaches the log."""

from __future__ import annotations

from landbridge.telemetry.log import LONGEST, LONGEST_TRACEBACK, bounded


def test_s15_fields_of_others_are_cut_and_obey_no_terminal() -> None:
    fields = bounded(
        None, "info", {"event": "said", "error": "\x1b[2J" + "x" * 10_000, "names": ["a\nb"] * 5000, "n": 7}
    )
    assert str(fields["error"]).startswith("?[2Jxxx")
    assert len(str(fields["error"])) <= LONGEST
    assert fields["names"] == ["a b"] * LONGEST
    assert (fields["event"], fields["n"]) == ("said", 7)


def test_a_traceback_keeps_its_lines_and_its_end() -> None:
    fields = bounded(None, "error", {"event": "failed", "exception": "x" * 100_000 + "\nValueError: \x1bc"})
    assert str(fields["exception"]).endswith("x\nValueError: ?c")
    assert len(str(fields["exception"])) == LONGEST_TRACEBACK
