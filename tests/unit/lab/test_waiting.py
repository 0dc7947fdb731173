"""Waiting: returns when the condition holds, and says what did not happen otherwise."""

from pathlib import Path

import pytest
from landbridge_lab.errors import LabError
from landbridge_lab.waiting import until

NOBODY = 2**22 + 1  # above the highest process id


class Countdown:
    """A condition that holds when it was asked often enough."""

    def __init__(self, asked: int) -> None:
        self.left = asked

    async def __call__(self) -> bool:
        self.left -= 1
        return self.left <= 0


async def test_it_asks_until_the_condition_holds() -> None:
    condition = Countdown(3)

    await until("it", condition, every=0)

    assert condition.left == 0


async def test_it_names_what_did_not_happen_in_time() -> None:
    with pytest.raises(LabError, match="no miracle within 0 s"):
        await until("miracle", Countdown(10**9), deadline=0.02, every=0.001)


async def test_it_gives_up_at_once_when_what_it_needs_has_ended(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("first line\nbad flag --foo\n")

    with pytest.raises(
        LabError, match=r"fleet/etcd ended while we waited for readiness: first line\nbad flag --foo"
    ) as caught:
        await until("readiness", Countdown(10**9), deadline=60, needs=("fleet/etcd", NOBODY, tmp_path / "log"))

    assert str(tmp_path / "log") in caught.value.remedy
