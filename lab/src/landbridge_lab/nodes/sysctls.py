"""The kernel settings that kubelet changes for the whole machine: noted before the first node, put back after the last.

The note lies in /run/landbridge-lab, common to all labs of the machine, with the state folders of the labs that have
nodes. It holds for this boot of the machine alone.
"""

from pathlib import Path

import msgspec

from landbridge_lab.files import put
from landbridge_lab.locks import locked

CHANGED_BY_KUBELET = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
"""Those that a kernel lacks are passed over."""


class Note(msgspec.Struct):
    """The values from before the first lab, and the labs that there are now."""

    boot: str
    values: dict[str, str]
    labs: list[str]


class Sysctls:
    """The settings of this machine. Other folders in tests."""

    def __init__(self, home: Path = Path("/run/landbridge-lab"), settings: Path = Path("/proc/sys")) -> None:
        self._home, self._settings = home, settings
        self._file = home / "sysctls.json"

    def note(self, lab: Path) -> None:
        """Before a lab's first node starts: note the settings, unless another lab has."""
        with locked(self._home):
            note = self._read() or Note(self._boot(), self._values(), [])
            note.labs = sorted({*note.labs, str(lab)})
            self._write(note)

    def put_back(self, lab: Path) -> None:
        """After a lab's end: put the settings back unless another lab has nodes."""
        if not self._home.exists():
            return
        with locked(self._home):
            note = self._read()
            if note:
                note.labs = [other for other in note.labs if other != str(lab) and Path(other).exists()]
                self._write(note)
            if note and note.labs:
                return
            for name, value in (note.values if note else {}).items():
                (self._settings / name).write_text(value)
            for entry in self._home.iterdir():
                entry.unlink()
            self._home.rmdir()

    def _read(self) -> Note | None:
        if not self._file.exists():
            return None
        note = msgspec.json.decode(self._file.read_bytes(), type=Note)
        return note if note.boot == self._boot() else None

    def _write(self, note: Note) -> None:
        put(self._file, msgspec.json.encode(note))

    def _values(self) -> dict[str, str]:
        return {name: self._get(name) for name in CHANGED_BY_KUBELET if (self._settings / name).exists()}

    def _get(self, name: str) -> str:
        return (self._settings / name).read_text().strip()

    def _boot(self) -> str:
        return self._get("kernel/random/boot_id")
