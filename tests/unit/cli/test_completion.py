"""A shell completes commands and options by what `landbridge completion` prints."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from landbridge.cli import main

COMPLETE = """
source {script}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
$(complete -p landbridge | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    main(("completion", shell))
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("landbridge", "ser"), {"service"}),
        (("landbridge", "fleet", "sw"), {"sweep"}),
        (("landbridge", "service", "shop/web", "--hub"), {"--hub-context"}),
        (("landbridge", "service", "shop/web", "-o", ""), {"json", "text"}),
    ],
)
def test_a_real_bash_completes(
    words: tuple[str, ...], offered: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "landbridge.bash"
    file.write_text(script("bash", capsys))
    line = COMPLETE.format(script=shlex.quote(str(file)), words=shlex.join(words))
    done = subprocess.run(["bash", "--norc", "-c", line], capture_output=True, text=True, check=True, timeout=30)
    assert set(done.stdout.split()) == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_that_names_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell, capsys)
    assert [name for name in ("service", "fleet", "sweep", "completion") if name not in text] == []
