"""What the kernel says of a process: its environment, whether it runs, when it has ended.

A process in the middle of exec, or of its end, shows no environment, though it is there, or still holds its ports and
locks (Linux: `environ_read`, and `do_exit`, which lets go of the memory before the files). Who took that for an answer
would miss a part that has just been started, or start one anew whose port is not free yet.
"""

import select
from collections.abc import Iterable
from pathlib import Path
from time import monotonic, sleep

_LONGEST_MOMENT = 1.0
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD: it never has an environment


def environment(pid: int) -> list[bytes]:
    """A process's environment; of one that shows none for a moment, what it shows after that.

    Raises:
        ProcessLookupError, FileNotFoundError: There is no such process.
        PermissionError: It is another user's.
    """
    give_up = monotonic() + _LONGEST_MOMENT
    while not (shown := _shown(pid)) and _changing(pid) and monotonic() < give_up:
        sleep(0.001)
    return shown.split(b"\0")


def _shown(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except ProcessLookupError:  # it has no memory: some kernels say so instead of nothing
        return b""


def _changing(pid: int) -> bool:
    """Whether a process that shows no environment is in the middle of exec, or of its end; proc_pid_stat(5)."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    state, flags, threads, end_of_environment = stat[0], int(stat[6]), int(stat[17]), int(stat[48])
    if flags & _KERNEL_THREAD or end_of_environment:
        return False
    return state not in "ZX" or threads > 1


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def await_ends(handles: Iterable[int], give_up: float) -> set[int]:
    """Wait until the processes of these pidfds have ended, with all their threads, so that all they held is free.

    Returns those that have not by `give_up`, a time of `monotonic`.
    """
    poll, left = select.poll(), set(handles)
    for handle in left:
        poll.register(handle, select.POLLIN)
    while left and (now := monotonic()) < give_up:
        for handle, _ in poll.poll((give_up - now) * 1000):
            poll.unregister(handle)
            left.remove(handle)
    return left
