"""The memory of what ended."""

from __future__ import annotations

from landbridge.api.meta import Key
from landbridge.mcs.ended import Ended

ONE, TWO, THREE = (Key("shop", name) for name in ("one", "two", "three"))


def test_what_ended_is_remembered_until_it_is_there_again() -> None:
    ended = Ended()
    ended.add(ONE)
    assert (ONE in ended, TWO in ended) == (True, False)
    ended.discard(ONE)
    ended.discard(TWO)
    assert ONE not in ended


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    ended = Ended(most=2)
    for key in (ONE, TWO, ONE, THREE):
        ended.add(key)
    assert [key in ended for key in (ONE, TWO, THREE)] == [True, False, True]
