"""What cannot be read is logged once, and counted while it lasts; however much there is, the log stays short."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from landbridge.api.meta import Key
from landbridge.kube.unreadable import MOST, NAMED, TooManyUnreadableError, Unreadable, Unreadables


def odd(number: int, reason: str = "odd") -> Unreadable:
    return Unreadable(Key("shop", f"odd-{number}"), str(number), reason)


def counted() -> float:
    return REGISTRY.get_sample_value("landbridge_unreadable_objects", {"kind": "Test"}) or 0.0


@pytest.fixture
def unreadables() -> Iterator[Unreadables]:
    them = Unreadables("https://a", "Test")
    yield them
    them.listed(())
    assert counted() == 0


def test_a_list_says_which_there_are_and_no_others(unreadables: Unreadables) -> None:
    unreadables.seen(odd(1))
    unreadables.seen(odd(2))
    unreadables.listed([odd(2), odd(3), odd(4), Unreadable(None, "", "nameless"), Unreadable(None, "", "nameless")])
    assert counted() == 4


def test_s15_the_log_names_each_once_whatever_becomes_of_it(unreadables: Unreadables) -> None:
    with capture_logs() as logged:
        for number in range(10):
            unreadables.seen(odd(1, f"reason {number}"))
            unreadables.forget(odd(1).key)
    assert [(one["object"], one["reason"]) for one in logged] == [("shop/odd-1", "reason 0")]


def test_s15_the_log_names_only_some_of_many(unreadables: Unreadables) -> None:
    with capture_logs() as logged:
        for number in range(10 * NAMED):
            unreadables.listed([odd(number)])
    assert len(logged) == NAMED


def test_s15_so_many_are_the_servers_trouble(unreadables: Unreadables) -> None:
    unreadables.listed(odd(number) for number in range(MOST))
    with pytest.raises(TooManyUnreadableError, match="https://a has more than"):
        unreadables.seen(odd(MOST))
    unreadables.seen(odd(1, "otherwise"))
    with pytest.raises(TooManyUnreadableError):
        unreadables.listed(odd(number) for number in range(MOST + 1))
    assert counted() == MOST
