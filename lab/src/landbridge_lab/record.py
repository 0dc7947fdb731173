"""The lab's record on disk, and the lock that lets one command at a time change a lab."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from landbridge_lab import addresses
from landbridge_lab.errors import LabError, MachineLacksError
from landbridge_lab.forwarding import port_is_free
from landbridge_lab.paths import LabDir
from landbridge_lab.spec import LabSpec


class Record(msgspec.Struct, frozen=True):
    """What a lab is. `complete`: it was up once, so a later `up` repairs instead of starting afresh."""

    spec: LabSpec
    index: int
    complete: bool = False


def read_record(lab: LabDir) -> Record | None:
    """The record of a lab, or None when there is none."""
    try:
        return msgspec.json.decode(lab.record.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise LabError(f"{lab.record} cannot be read", str(error), "run `landbridge-lab down`, then `up`") from error


def write_record(lab: LabDir, record: Record) -> None:
    """Write it whole or not at all."""
    beside = lab.record.with_name("lab.json.new")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2))
    beside.rename(lab.record)


def claim(lab: LabDir, spec: LabSpec) -> Record:
    """Give the lab an index that no other lab of this user has and whose ports are free, and write it down."""
    home = lab.root.parent
    with locked(home):
        taken = {record.index for other in home.iterdir() if (record := read_record(LabDir(other)))}
        for index in set(range(addresses.MAX_LABS)) - taken:
            if all(port_is_free(port) for port in addresses.ports(index, len(spec.clusters))):
                record = Record(spec, index)
                write_record(lab, record)
                return record
    raise MachineLacksError("no ports for another lab", f"{len(taken)} labs have theirs", "take one down first")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` (made if missing) for ourselves; waits. The kernel lets go of it when we end, however we end."""
    descriptor = _lock(folder)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(folder: Path) -> int:
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.exists() and os.fstat(descriptor).st_ino == folder.stat().st_ino:
            return descriptor
        os.close(descriptor)  # removed by a `down` while we waited
