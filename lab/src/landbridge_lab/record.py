"""The lab's record on disk, and the claim of an index that decides its ports and networks."""

import msgspec

from landbridge_lab.errors import LabError, MachineLacksError
from landbridge_lab.files import put
from landbridge_lab.locks import locked
from landbridge_lab.network import addresses
from landbridge_lab.network.forwarding import port_is_free
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
    except (FileNotFoundError, NotADirectoryError):
        return None
    except msgspec.DecodeError as error:
        raise LabError(f"{lab.record} cannot be read", str(error), "run `landbridge-lab down`, then `up`") from error


def write_record(lab: LabDir, record: Record) -> None:
    """Write it down."""
    put(lab.record, msgspec.json.format(msgspec.json.encode(record), indent=2))


def claim(lab: LabDir, spec: LabSpec) -> Record:
    """Give the lab an index that no other lab of this user has and whose ports are free, and write it down."""
    home = lab.root.parent
    with locked(home):
        taken = {record.index for other in home.iterdir() if (record := _other(LabDir(other)))}
        for index in sorted(set(range(addresses.MAX_LABS)) - taken):
            if all(port_is_free(port) for port in addresses.ports(index, len(spec.clusters))):
                record = Record(spec, index)
                write_record(lab, record)
                return record
    raise MachineLacksError("no ports for another lab", f"{len(taken)} labs have theirs", "take one down first")


def _other(lab: LabDir) -> Record | None:
    """The record of another lab; one that cannot be read claims nothing (its ports are seen to be taken)."""
    try:
        return read_record(lab)
    except LabError:
        return None
