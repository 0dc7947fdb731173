"""The machine's settings: noted before the first lab's nodes, put back after the last lab."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from landbridge_lab.nodes.sysctls import CHANGED_BY_KUBELET, Sysctls


@dataclass
class Machine:
    """A fake /proc/sys and a fake /run."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "run/landbridge-lab"

    @property
    def sysctls(self) -> Sysctls:
        return Sysctls(self.home, self.root / "sys")

    def change(self, value: str) -> None:
        for name in CHANGED_BY_KUBELET:
            (self.root / "sys" / name).write_text(f"{value}\n")

    def values(self) -> set[str]:
        return {(self.root / "sys" / name).read_text().strip() for name in CHANGED_BY_KUBELET}

    def boot(self, number: int) -> None:
        (self.root / "sys/kernel/random/boot_id").write_text(f"{number}\n")

    def lab(self, name: str) -> Path:
        folder = self.root / "labs" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for folder in ("sys/vm", "sys/kernel/keys", "sys/kernel/random"):
        (tmp_path / folder).mkdir(parents=True)
    machine = Machine(tmp_path)
    machine.boot(1)
    machine.change("before")
    return machine


def test_the_values_are_put_back_and_nothing_stays(machine: Machine) -> None:
    machine.sysctls.note(machine.lab("one"))
    machine.change("by kubelet")

    machine.sysctls.put_back(machine.lab("one"))

    assert machine.values() == {"before"}
    assert not machine.home.exists()


def test_the_last_lab_puts_back_what_the_first_has_found(machine: Machine) -> None:
    machine.sysctls.note(machine.lab("one"))
    machine.change("by kubelet")
    machine.sysctls.note(machine.lab("two"))

    machine.sysctls.put_back(machine.lab("one"))
    assert machine.values() == {"by kubelet"}
    machine.sysctls.put_back(machine.lab("two"))
    assert machine.values() == {"before"}


def test_noting_again_keeps_the_first_values(machine: Machine) -> None:
    machine.sysctls.note(machine.lab("one"))
    machine.change("by kubelet")
    machine.sysctls.note(machine.lab("one"))

    machine.sysctls.put_back(machine.lab("one"))

    assert machine.values() == {"before"}


def test_a_lab_whose_folder_was_removed_by_hand_holds_nothing(machine: Machine) -> None:
    machine.sysctls.note(machine.lab("gone"))
    machine.change("by kubelet")
    machine.sysctls.note(machine.lab("one"))
    machine.lab("gone").rmdir()

    machine.sysctls.put_back(machine.lab("one"))

    assert machine.values() == {"before"}


def test_a_note_from_before_a_reboot_is_not_believed(machine: Machine) -> None:
    machine.sysctls.note(machine.lab("one"))
    machine.boot(2)
    machine.change("after the reboot")

    machine.sysctls.put_back(machine.lab("one"))

    assert machine.values() == {"after the reboot"}
    assert not machine.home.exists()


def test_a_setting_that_the_kernel_lacks_is_passed_over(machine: Machine) -> None:
    lacking = machine.root / "sys/kernel/keys/root_maxkeys"
    lacking.unlink()

    machine.sysctls.note(machine.lab("one"))
    machine.sysctls.put_back(machine.lab("one"))

    assert not lacking.exists()


def test_every_setting_is_documented() -> None:
    document = (Path(__file__).parents[4] / "docs/lab.md").read_text()

    assert [name for name in CHANGED_BY_KUBELET if name.replace("/", ".") not in document] == []


def test_without_a_note_nothing_is_changed(machine: Machine) -> None:
    machine.sysctls.put_back(machine.lab("one"))

    assert machine.values() == {"before"}
