"""The lab's processes: started as nobody's children, found again by a mark in their environment.

Every process of a lab carries its state folder (MARK) and what it is (PART, as `oldcluster/etcd`). There is no list of
process ids to lose: whoever comes later reads /proc. A child inherits the mark, so a part is the process that *leads
its session* (each is started by setsid). Inside a machine that is `nsenter`, and what it started goes on when it is
killed: such strays are ended before the part is started again.
Signals go through pidfds, so that a process id taken over by a stranger is never hit.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from landbridge_lab.errors import LabError
from landbridge_lab.proc import await_ends, environment

MARK = "LANDBRIDGE_LAB_DIR"
PART = "LANDBRIDGE_LAB_PART"
_DEADLINE = 10.0
_DETACH = 'echo $$; exec "$@" >>"$0" 2>&1 </dev/null'


@dataclass(frozen=True)
class Marked:
    """A running process that belongs to a lab."""

    pid: int
    part: str
    leads: bool


@dataclass(frozen=True)
class Processes:
    """The processes of the lab whose state folder is `root`."""

    root: Path

    def environment(self, part: str) -> dict[str, str]:
        """A clean environment (no proxy settings, no secrets of the caller's) with the mark."""
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"PATH": path, "HOME": str(self.root), "LANG": "C.UTF-8", MARK: str(self.root), PART: part}

    def marking(self, part: str) -> list[str]:
        """The words before a command that run it in that environment."""
        return ["env", "-i", *(f"{name}={value}" for name, value in self.environment(part).items())]

    def all(self) -> list[Marked]:
        """Everything that carries the lab's mark now."""
        found = (self._read(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [process for process in found if process]

    def running(self) -> dict[str, int]:
        """The parts that run now, with their process ids."""
        return {process.part: process.pid for process in self.all() if process.leads}

    async def start(self, part: str, command: Sequence[str | Path], log: Path, pass_fds: Sequence[int] = ()) -> int:
        """Start a part that outlives us, appending what it says to `log`; returns its process id.

        Not by the event loop: some (uvloop) leave descriptors of ours to what they start, the pipe that is read here
        among them, which then has no end while the part lives.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        starter = await asyncio.to_thread(
            subprocess.run,
            ["setsid", "--fork", "sh", "-c", _DETACH, str(log), *map(str, command)],
            env=self.environment(part),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            pass_fds=tuple(pass_fds),
        )
        said = starter.stdout.strip()
        if not said.isdigit():
            raise LabError(f"{part} did not start", f"{command[0]} could not be run", f"see {log}")
        return int(said)

    def end_parts(self, *parts: str) -> int:
        """Kill these parts, with all that they started; returns how many processes there were."""
        return self._end(lambda: [process for process in self.all() if process.part in parts])

    @contextmanager
    def stopped(self, part: str) -> Iterator[None]:
        """Let a part stand still.

        Raises:
            LabError: It does not run.
        """
        found = [process for process in self.all() if process.part == part]
        if not found:
            raise LabError(f"{part} does not run", remedy="run `landbridge-lab up` again")
        with ExitStack() as handles:
            try:
                self._signal(found, signal.SIGSTOP, handles)
                yield
            finally:
                self._signal(found, signal.SIGCONT, handles)

    def end_all(self) -> int:
        """Kill everything of the lab; returns how many processes there were."""
        return self._end(self.all)

    def end_strays(self, prefix: str = "") -> int:
        """Kill what belongs to a part (of such a name) whose leader is gone, so that the part can be started again."""
        return self._end(lambda: [process for process in self._strays() if process.part.startswith(prefix)])

    def _strays(self) -> list[Marked]:
        found = self.all()
        led = {process.part for process in found if process.leads}
        return [process for process in found if process.part not in led]

    def _end(self, chosen: Callable[[], list[Marked]]) -> int:
        """Kill what is chosen until nothing is; returns when all of it is gone, its ports and locks with it."""
        ended, give_up = 0, monotonic() + _DEADLINE
        while marked := chosen():
            with ExitStack() as handles:
                killed = self._signal(marked, signal.SIGKILL, handles)
                ended += len(killed)
                left = ", ".join(
                    f"{killed[handle].part} ({killed[handle].pid})" for handle in await_ends(killed, give_up)
                )
            if left:
                raise LabError("processes of the lab do not end", left, "look for a device or file system that hangs")
        return ended

    def _signal(self, marked: list[Marked], number: signal.Signals, handles: ExitStack) -> dict[int, Marked]:
        """Signal those that are still ours; gives them by their pidfds, which `handles` closes."""
        found = {}
        for process in marked:
            with suppress(ProcessLookupError):
                handle = os.pidfd_open(process.pid)
                handles.callback(os.close, handle)
                if self._read(process.pid):  # the id was not given to another process before we held the pidfd
                    signal.pidfd_send_signal(handle, number)
                    found[handle] = process
        return found

    def _read(self, pid: int) -> Marked | None:
        try:
            variables = environment(pid)
            if f"{MARK}={self.root}".encode() not in variables:
                return None
            leads = os.getsid(pid) == pid
        except (ProcessLookupError, FileNotFoundError, PermissionError):
            return None
        parts = [entry.partition(b"=")[2].decode() for entry in variables if entry.startswith(f"{PART}=".encode())]
        return Marked(pid, parts[0] if parts else "", leads)


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, for an error message."""
    with suppress(FileNotFoundError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    return ""
