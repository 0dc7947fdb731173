"""What the workshop says of a guard, on a source of one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guards.guard import Guard
from tests.guards.workshop import GREEN, Workshop

SOURCE = """\
def answer() -> int:
    return 42
"""
TEST = """\
from answer import answer


def test_answer() -> None:
    assert answer() == 42


def test_the_question() -> None:
    assert answer() > 0
"""
PATCH = """\
What the guard is for.
Red: tests/test_answer.py::test_answer

--- a/src/answer.py
+++ b/src/answer.py
@@ -1,2 +1,2 @@
 def answer() -> int:
-    return 42
+    {}
"""


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    original = tmp_path / "original"
    for name, text in {"src/answer.py": SOURCE, "tests/test_answer.py": TEST, "pyproject.toml": ""}.items():
        (original / name).parent.mkdir(parents=True, exist_ok=True)
        (original / name).write_text(text)
    return Workshop(tmp_path / "copy", original)


def guard(folder: Path, without: str, test: str = "test_answer") -> Guard:
    path = folder / "S01-an-answer.patch"
    path.write_text(PATCH.format(without))
    return Guard(path, "S1", "What the guard is for.", f"tests/test_answer.py::{test}")


@pytest.mark.parametrize(
    ("without", "test", "fault"),
    [
        ("return 41", "test_answer", ""),
        ("return 41", "test_the_question", "the test stays green"),
        ("return 41", "test_of_nothing", "the test does not run: "),
        ("return 41 +", "test_answer", "the test does not run: "),
        ("import os; os._exit(1)", "test_answer", "the test does not run: "),
    ],
    ids=["red", "green", "no such test", "no such syntax", "no more process"],
)
def test_a_guard_that_is_missed_by_no_test_is_told(
    workshop: Workshop, tmp_path: Path, without: str, test: str, fault: str
) -> None:
    said = workshop.judge(guard(tmp_path, without, test))
    assert said.startswith(fault)
    assert bool(said) == bool(fault)


def test_a_patch_that_no_longer_applies_is_told(workshop: Workshop, tmp_path: Path) -> None:
    of_old = guard(tmp_path, "return 41")
    of_old.path.write_text(PATCH.replace("42", "40"))
    assert workshop.judge(of_old) == "the patch no longer applies"


def test_each_guard_is_judged_with_all_others_in_place(workshop: Workshop, tmp_path: Path) -> None:
    """Bytecode of the source, written in the same second and of the same size, is not taken for that of the patched."""
    assert workshop.run(["tests"])[0] == GREEN
    assert workshop.judge(guard(tmp_path, "return 41")) == ""
    assert workshop.judge(guard(tmp_path, "return 43", "test_the_question")) == "the test stays green"
    assert workshop.judge(guard(tmp_path, "return -1", "test_the_question")) == ""
