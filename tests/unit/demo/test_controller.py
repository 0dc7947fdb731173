"""The controller's process: started, waited for, ended; and never a stranger's."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from io import StringIO
from pathlib import Path

import pytest
from landbridge_lab import LabError

from demo.controller import Controller
from demo.shell import Shell

MakeShell = Callable[..., Shell]

SERVER = """
import http.server, socketserver, sys

class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok, leading")

host, port = sys.argv[sys.argv.index("--listen") + 1].split(":")
socketserver.TCPServer((host, int(port)), Ready).serve_forever()
"""


@pytest.fixture
async def controller(tmp_path: Path) -> AsyncIterator[Controller]:
    (tmp_path / "server.py").write_text(SERVER)
    controller = Controller(tmp_path)
    yield controller
    await controller.end()


def served(tmp_path: Path) -> str:
    return f'exec {sys.executable} {tmp_path}/server.py "$@"'


async def test_runs_once_it_says_that_it_is_ready(
    controller: Controller, make_shell: MakeShell, shown: StringIO, tmp_path: Path
) -> None:
    await controller.start(make_shell(served(tmp_path), "landbridge"))
    assert controller.pid
    assert (
        f"$ landbridge controller --kubeconfig {tmp_path}/controller.kubeconfig --listen 127.0.0.1:" in shown.getvalue()
    )
    assert "until the controller says that it is ready" in shown.getvalue()


async def test_proxy_of_the_caller_does_not_hide_it(
    controller: Controller, make_shell: MakeShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    await controller.start(make_shell(served(tmp_path), "landbridge"))


async def test_can_start_again_after_its_end(controller: Controller, make_shell: MakeShell, tmp_path: Path) -> None:
    controller.kubeconfig.write_text("token")
    shell = make_shell(served(tmp_path), "landbridge")
    await controller.start(shell)
    await controller.end()
    assert controller.pid is None
    await controller.start(shell)
    assert controller.pid


async def test_is_ended_by_the_next_demo_when_it_was_kept(
    controller: Controller, make_shell: MakeShell, tmp_path: Path
) -> None:
    await controller.start(make_shell(served(tmp_path), "landbridge"))
    following = Controller(tmp_path)
    assert following.pid == controller.pid
    await following.end()
    assert controller.pid is None


async def test_says_why_it_did_not_start(controller: Controller, make_shell: MakeShell) -> None:
    with pytest.raises(LabError, match=r"(?s)controller ended.*no such file"):
        await controller.start(make_shell("echo no such file; exit 1", "landbridge"))


async def test_stranger_with_the_recorded_process_id_is_left_alone(controller: Controller, tmp_path: Path) -> None:
    stranger = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
    (tmp_path / "controller.pid").write_text(str(stranger.pid))
    await controller.end()
    assert stranger.returncode is None
    await stranger.communicate(b"")
    assert stranger.returncode == 0


@pytest.mark.parametrize("content", [b"", b"no number", b"\xff"])
async def test_a_record_that_cannot_be_read_is_none(controller: Controller, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "controller.pid").write_bytes(content)
    assert controller.pid is None
    await controller.end()
    assert not (tmp_path / "controller.pid").exists()


async def test_ending_what_never_ran_is_fine(controller: Controller) -> None:
    await controller.end()
    assert controller.last_words() == ""
