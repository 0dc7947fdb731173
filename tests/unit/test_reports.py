"""How a run is told in which a fixture failed that many tests wanted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """
from tests.reports import FirstInFull

def pytest_configure(config):
    config.pluginmanager.register(FirstInFull())
"""
TESTS = """
import pytest

@pytest.fixture(scope="module")
def lab():
    raise RuntimeError("no ports are left")

@pytest.fixture(scope="module")
def walk(lab):
    return lab

@pytest.fixture
def own():
    raise RuntimeError("a new one each time")

@pytest.fixture(scope="module")
def absent():
    pytest.skip("not here")

def test_one(lab): pass
def test_two(lab): pass
def test_three(walk): pass
def test_four(walk): pass
def test_five(own): pass
def test_six(own): pass
def test_seven(absent): pass
def test_eight(absent): pass
def test_nine(): assert 0
def test_ten(): pass
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of it."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-rN", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stderr
    return str(done.stdout)


def test_a_shared_fixture_that_failed_is_told_in_full_once(said: str) -> None:
    assert said.count('>       raise RuntimeError("no ports are left")') == 1


def test_the_others_name_the_first_in_a_line(said: str) -> None:
    assert said.count("not run: fixture lab failed, see ERROR at setup of test_it.py::test_one") == 3


def test_all_of_them_count_as_errors(said: str) -> None:
    assert "1 failed, 1 passed, 2 skipped, 6 errors" in said


def test_a_fixture_of_each_test_is_told_for_each(said: str) -> None:
    assert said.count('>       raise RuntimeError("a new one each time")') == 2
