from __future__ import annotations

import time
import tracemalloc

import pytest

from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.kube.store import Store, newer

GROUP = "group"


def obj(name: str, version: int, group: str = "") -> Object:
    return Object(ObjectMeta(name=name, namespace="shop", resource_version=str(version), labels={GROUP: group}))


def by_group(obj: Object) -> Key:
    return Key(obj.metadata.namespace, obj.metadata.labels[GROUP])


def key(name: str) -> Key:
    return Key("shop", name)


@pytest.fixture
def store() -> Store[Object]:
    return Store(by_group)


def names(store: Store[Object], group: str) -> set[str]:
    return {found.metadata.name for found in store.group(key(group))}


def test_versions_compare_as_numbers() -> None:
    assert newer(obj("a", 10), obj("a", 9))
    assert not newer(obj("a", 9), obj("a", 10))
    assert not newer(obj("a", 9), obj("a", 9))


def test_finds_an_object_by_key_and_by_group(store: Store[Object]) -> None:
    store.put(obj("a", 1, "red"))
    store.put(obj("b", 2, "red"))
    store.put(obj("c", 3, "blue"))
    assert store.get(key("a")) == obj("a", 1, "red")
    assert names(store, "red") == {"a", "b"}
    assert {found.metadata.name for found in store} == {"a", "b", "c"}
    assert len(store) == 3


def test_knows_nothing_of_what_was_never_put(store: Store[Object]) -> None:
    assert store.get(key("a")) is None
    assert store.group(key("red")) == ()
    assert store.drop(obj("a", 1, "red")) == set()


def test_event_of_an_older_version_than_an_answer_told_is_refused(store: Store[Object]) -> None:
    """Our own acknowledged write may overtake its watch event."""
    assert store.answered(obj("a", 10, "red"), store.epoch) == {key("red")}
    assert store.put(obj("a", 9, "blue")) == set()
    assert store.get(key("a")) == obj("a", 10, "red")


def test_a_version_that_is_there_already_changes_nothing(store: Store[Object]) -> None:
    store.put(obj("a", 10, "red"))
    assert store.put(obj("a", 10, "red")) == set()


def test_deletion_of_an_older_object_than_an_answer_told_is_refused(store: Store[Object]) -> None:
    """We made it again before the watch told that the first one was deleted."""
    store.answered(obj("a", 10, "red"), store.epoch)
    assert store.drop(obj("a", 9, "red")) == set()
    assert store.get(key("a")) is not None


def test_a_change_of_group_changes_both(store: Store[Object]) -> None:
    store.put(obj("a", 1, "red"))
    assert store.put(obj("a", 2, "blue")) == {key("red"), key("blue")}
    assert names(store, "red") == set()
    assert names(store, "blue") == {"a"}


def test_deletion_leaves_the_group_it_was_in_whatever_the_deletion_says(store: Store[Object]) -> None:
    store.put(obj("a", 1, "red"))
    assert store.drop(obj("a", 2, "blue")) == {key("red")}
    assert names(store, "red") == set()


def test_a_list_tells_what_is_new_changed_moved_and_gone_and_nothing_else(store: Store[Object]) -> None:
    for number, group in enumerate(["same", "changed", "from", "gone"]):
        store.put(obj(f"{number}", 1, group))
    listed = [obj("0", 1, "same"), obj("1", 2, "changed"), obj("2", 2, "to"), obj("4", 3, "new")]
    assert store.replace(listed, "9") == {key(group) for group in ("changed", "from", "to", "gone", "new")}
    assert names(store, "gone") == set()
    assert len(store) == 4


def test_a_list_may_go_back_in_time(store: Store[Object]) -> None:
    """etcd was restored from a backup: old versions come back, and new ones carry numbers that were there before."""
    store.put(obj("a", 10, "red"))
    store.put(obj("b", 11, "blue"))
    assert store.replace([obj("a", 3, "red"), obj("b", 11, "green")], "12") == {key("red"), key("blue"), key("green")}
    assert store.get(key("a")) == obj("a", 3, "red")


def test_an_answer_never_brings_a_dead_object_back_s7(store: Store[Object]) -> None:
    """The DELETED event overtook the answer: nothing would ever speak of the object again."""
    store.put(obj("a", 1, "red"))
    store.drop(obj("a", 3, "red"))
    assert store.answered(obj("a", 2, "red"), store.epoch) == set()
    assert store.get(key("a")) is None


def test_an_answer_that_the_watch_has_passed_is_left_out_also_where_it_was_never_seen_s7(store: Store[Object]) -> None:
    """Created by us at 2 and deleted before our watch began, or with the events of both already told."""
    store.put(obj("b", 3, "blue"))
    assert store.answered(obj("a", 2, "red"), store.epoch) == set()


def test_an_answer_to_a_write_from_before_a_list_is_left_out_s7(store: Store[Object]) -> None:
    """etcd was restored meanwhile: its versions began anew, lower."""
    store.put(obj("a", 900, "red"))
    epoch = store.epoch
    store.replace([], "40")
    assert store.answered(obj("a", 901, "red"), epoch) == set()
    assert store.answered(obj("a", 41, "red"), store.epoch) == {key("red")}
    assert store.gone(obj("a", 901).metadata, epoch) == set()


def test_what_an_answer_called_gone_does_not_come_back_by_a_late_event_s7(store: Store[Object]) -> None:
    """Made and deleted by us before the watch said a word of it."""
    store.answered(obj("a", 10, "red"), store.epoch)
    assert store.gone(obj("a", 10).metadata, store.epoch) == {key("red")}
    assert store.put(obj("a", 9, "red")) == set()
    assert store.put(obj("a", 10, "red")) == set()
    assert store.drop(obj("a", 11, "red")) == set()
    assert store.get(key("a")) is None


def test_an_older_answer_does_not_bring_back_what_a_later_one_called_gone(store: Store[Object]) -> None:
    store.gone(obj("a", 10).metadata, store.epoch)
    assert store.gone(obj("a", 7).metadata, store.epoch) == set()
    assert store.answered(obj("a", 9, "red"), store.epoch) == set()


def test_what_an_answer_called_gone_is_there_again_in_a_newer_version(store: Store[Object]) -> None:
    store.gone(obj("a", 10).metadata, store.epoch)
    assert store.put(obj("a", 12, "red")) == {key("red")}
    assert store.gone(obj("a", 10).metadata, store.epoch) == set()
    assert store.get(key("a")) == obj("a", 12, "red")


def test_what_an_answer_called_gone_is_there_again_when_a_list_has_it(store: Store[Object]) -> None:
    store.gone(obj("a", 10).metadata, store.epoch)
    assert store.replace([obj("a", 3, "red")], "4") == {key("red")}
    assert store.put(obj("a", 5, "red")) == {key("red")}


def test_what_a_list_has_but_cannot_show_stays_as_it_was_s7(store: Store[Object]) -> None:
    for name in "abc":
        store.put(obj(name, 3, name))
    assert store.replace([obj("a", 3, "a")], "9", {key("b")}) == {key("c")}
    assert store.get(key("b")) == obj("b", 3, "b")
    assert names(store, "b") == {"b"}


def test_where_a_list_has_something_nameless_nothing_is_gone_s7(store: Store[Object]) -> None:
    for name in "abc":
        store.put(obj(name, 3, name))
    assert store.replace([obj("a", 5, "a")], "9", {None}) == {key("a")}
    assert {found.metadata.name for found in store} == {"a", "b", "c"}


def test_what_stayed_over_a_list_that_went_back_in_time_is_older_than_its_next_event_s7(store: Store[Object]) -> None:
    store.put(obj("a", 900, "red"))
    store.replace([], "40", {key("a")})
    assert store.put(obj("a", 41, "blue")) == {key("red"), key("blue")}


def test_an_object_that_is_twice_in_a_list_leaves_no_trace_of_the_first(store: Store[Object]) -> None:
    store.replace([obj("a", 1, "red"), obj("a", 2, "blue")], "9")
    assert names(store, "red") == set()
    assert store.drop(obj("a", 3)) == {key("blue")}
    assert len(store) == 0


def seconds_of_events(store: Store[Object], first: int) -> float:
    began = time.process_time()
    for version in range(first, first + 500):
        store.put(obj("busy", version))
    return time.process_time() - began


def test_s15_what_answers_called_gone_costs_no_event_anything(store: Store[Object]) -> None:
    """Else one cluster in which thousands of imports end would keep the event loop from all others."""
    alone = min(seconds_of_events(store, first) for first in (1000, 2000, 3000))
    for n in range(10_000):
        store.gone(obj(f"gone-{n}", 100_000 + n).metadata, store.epoch)
    assert seconds_of_events(store, 4000) < 20 * alone + 0.01


def test_s15_what_answers_called_gone_is_not_remembered_for_ever(store: Store[Object]) -> None:
    """What the watch has passed matters no more."""
    before = None
    tracemalloc.start()
    try:
        for n in range(20_000):
            version = 10 + 2 * n
            store.gone(obj(f"gone-{n}", version).metadata, store.epoch)
            store.drop(obj(f"gone-{n}", version + 1))
            if n == 1000:
                before = tracemalloc.get_traced_memory()[0]
        assert before
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()
