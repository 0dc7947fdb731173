"""The controller as a child process: its log in a file, ready when it says so, ended with the demo unless kept."""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
from pathlib import Path
from time import monotonic

from landbridge_lab import LabError
from landbridge_lab.files import put
from landbridge_lab.processes import last_lines
from landbridge_lab.waiting import until

from demo.shell import CommandFailedError, Shell

DEADLINE = 30.0
LAST_LINES = 15


class Controller:
    """One controller of one demo, remembered by its process id so that the next demo can end one that was kept."""

    def __init__(self, folder: Path) -> None:
        self.kubeconfig = folder / "controller.kubeconfig"
        self.log = folder / "controller.log"
        self._record = folder / "controller.pid"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, shell: Shell) -> None:
        """Start it as a person would, and wait until it says that it leads: a standby is ready, too."""
        address = f"127.0.0.1:{_free_port()}"
        words = ["landbridge", "controller", "--kubeconfig", str(self.kubeconfig), "--listen", address]
        shell.screen.command(f"{shlex.join(words)} >{shlex.quote(str(self.log))} 2>&1 &")
        self._process = self._spawn(words, shell.environment)
        started = monotonic()
        needs = ("controller", self._process.pid, self.log)
        await until("ready controller", lambda: _ready(shell, address), deadline=DEADLINE, needs=needs)
        shell.screen.waited("the controller says that it is ready", monotonic() - started)

    def _spawn(self, words: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        """Start it in a session of its own: Ctrl-C reaches the demo alone, which then ends things in order."""
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                ("env", *words),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        put(self._record, str(process.pid))
        return process

    def last_words(self) -> str:
        """Give the end of its log."""
        return last_lines(self.log, LAST_LINES)

    @property
    def pid(self) -> int | None:
        """Its process id while it runs. The number alone may be a stranger's by now: the command line must be ours.

        A record that says no number is none.
        """
        if self._process:
            self._process.poll()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
            pid = int(self._record.read_text())
            if str(self.kubeconfig) in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                return pid
        return None

    async def end(self) -> None:
        """End it, by force when it does not end by itself in time."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if pid := self.pid:
                os.kill(pid, number)
                with contextlib.suppress(LabError):
                    await until("end of the controller", self._ended, deadline=DEADLINE)
        if self._process:
            self._process.wait()
        self._record.unlink(missing_ok=True)

    def kill(self) -> None:
        """End it as a crash does: at once, with its files left behind."""
        if self._process:
            self._process.kill()
            self._process.wait()

    async def _ended(self) -> bool:
        return self.pid is None


async def _ready(shell: Shell, address: str) -> bool:
    try:
        answer = await shell.quiet(f"curl -sf --noproxy '*' --max-time 2 http://{address}/readyz")
    except CommandFailedError:
        return False
    return "leading" in answer


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
