"""The lab's record, and the index that it claims: labs side by side never share a port."""

import socket
from pathlib import Path

import pytest
from landbridge_lab.errors import LabError
from landbridge_lab.network.addresses import Addresses
from landbridge_lab.paths import LabDir
from landbridge_lab.record import Record, claim, read_record, write_record
from landbridge_lab.spec import ClusterSpec, LabSpec

SPEC = LabSpec("lab", (ClusterSpec("fleet"), ClusterSpec("oldcluster", 1)))


def lab(home: Path, name: str) -> LabDir:
    (home / name).mkdir(exist_ok=True)
    return LabDir(home / name)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = Record(SPEC, index=7, complete=True)

    write_record(lab(tmp_path, "lab"), record)

    assert read_record(lab(tmp_path, "lab")) == record


def test_no_record_is_none(tmp_path: Path) -> None:
    assert read_record(LabDir(tmp_path / "nowhere")) is None
    (tmp_path / "file").touch()
    assert read_record(LabDir(tmp_path / "file")) is None


def test_a_broken_record_says_what_to_do(tmp_path: Path) -> None:
    lab(tmp_path, "lab").record.write_text("{")

    with pytest.raises(LabError, match="landbridge-lab down"):
        read_record(lab(tmp_path, "lab"))


def test_each_lab_claims_an_index_of_its_own_and_writes_it_down(tmp_path: Path) -> None:
    one, two = claim(lab(tmp_path, "one"), SPEC), claim(lab(tmp_path, "two"), SPEC)

    assert one.index != two.index
    assert read_record(lab(tmp_path, "one")) == one
    assert not one.complete


def test_an_index_whose_port_somebody_listens_on_is_passed_over(tmp_path: Path) -> None:
    free = claim(lab(tmp_path / "", "one"), SPEC).index
    lab(tmp_path, "one").record.unlink()

    with socket.create_server(("127.0.0.1", Addresses(free, 1).forwarded_port)):
        assert claim(lab(tmp_path, "two"), SPEC).index > free


def test_another_labs_broken_record_does_not_stop_a_claim(tmp_path: Path) -> None:
    lab(tmp_path, "broken").record.write_text("{")

    assert claim(lab(tmp_path, "lab"), SPEC).spec == SPEC
