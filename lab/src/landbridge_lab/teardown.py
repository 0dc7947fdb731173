"""Taking a lab down: end what carries its mark, remove what is left of it, put the machine back as it was."""

import os
import shutil

from landbridge_lab.locks import held
from landbridge_lab.nodes.cgroups import Cgroups
from landbridge_lab.nodes.sysctls import Sysctls
from landbridge_lab.paths import LabDir
from landbridge_lab.processes import Processes
from landbridge_lab.progress import Progress


async def take_down(folder: LabDir, progress: Progress) -> bool:
    """End and remove a lab, whatever state it is in; returns whether there was anything of it."""
    existed = folder.root.exists()
    async with held(folder.root, progress):
        ended = clear(folder)
        folder.root.rmdir()
    return existed or ended > 0


def clear(folder: LabDir) -> int:
    """End the lab's processes, put the machine back, and empty the folder; returns how many processes there were.

    The record goes first: if we are killed here, nobody takes what is left for a lab that can be repaired.
    """
    folder.record.unlink(missing_ok=True)
    ended = Processes(folder.root).end_all()
    if os.geteuid() == 0:
        Cgroups(folder.root).remove()
        Sysctls().put_back(folder.root)
    for entry in folder.root.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    return ended
