from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

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


def test_an_older_version_that_comes_late_is_refused(store: Store[Object]) -> None:
    """Our own acknowledged write may overtake its watch event."""
    store.put(obj("a", 10, "red"))
    assert store.put(obj("a", 9, "blue")) == set()
    assert store.get(key("a")) == obj("a", 10, "red")


def test_a_version_that_is_there_already_changes_nothing(store: Store[Object]) -> None:
    store.put(obj("a", 10, "red"))
    assert store.put(obj("a", 10, "red")) == set()


def test_a_late_deletion_of_an_older_version_is_refused(store: Store[Object]) -> None:
    store.put(obj("a", 10, "red"))
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
    assert store.replace(listed) == {key(group) for group in ("changed", "from", "to", "gone", "new")}
    assert names(store, "gone") == set()
    assert len(store) == 4


def test_a_list_may_go_back_in_time(store: Store[Object]) -> None:
    """etcd was restored from a backup: old versions come back, and new ones carry numbers that were there before."""
    store.put(obj("a", 10, "red"))
    store.put(obj("b", 11, "blue"))
    assert store.replace([obj("a", 3, "red"), obj("b", 11, "green")]) == {key("red"), key("blue"), key("green")}
    assert store.get(key("a")) == obj("a", 3, "red")


objects = st.builds(obj, st.sampled_from("abc"), st.integers(1, 30), st.sampled_from(["red", "blue"]))


class StoreAgainstDict(RuleBasedStateMachine):
    """A Store does what a dictionary of newest versions would, and names every group that looks different after."""

    @initialize()
    def start(self) -> None:
        self.store: Store[Object] = Store(by_group)
        self.model: dict[Key, Object] = {}

    def groups(self) -> dict[Key, frozenset[tuple[str, str]]]:
        return {
            index: frozenset((o.metadata.name, o.metadata.resource_version) for o in self.store.group(index))
            for index in (key("red"), key("blue"))
        }

    @rule(new=objects)
    def put(self, new: Object) -> None:
        old, before = self.model.get(new.metadata.key), self.groups()
        if old is None or int(new.metadata.resource_version) > int(old.metadata.resource_version):
            self.model[new.metadata.key] = new
        self.check_told(before, self.store.put(new))

    @rule(gone=objects)
    def drop(self, gone: Object) -> None:
        old, before = self.model.get(gone.metadata.key), self.groups()
        if old and int(gone.metadata.resource_version) >= int(old.metadata.resource_version):
            del self.model[gone.metadata.key]
        self.check_told(before, self.store.drop(gone))

    @rule(items=st.lists(objects, unique_by=lambda o: o.metadata.key))
    def replace(self, items: list[Object]) -> None:
        before = self.groups()
        self.model = {o.metadata.key: o for o in items}
        told = self.store.replace(items)
        assert told >= {index for index, members in self.groups().items() if members != before[index]}

    def check_told(self, before: dict[Key, frozenset[tuple[str, str]]], told: set[Key]) -> None:
        assert told == {index for index, members in self.groups().items() if members != before[index]}

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        assert {o.metadata.key: o for o in self.store} == self.model
        assert len(self.store) == len(self.model)
        for index in (key("red"), key("blue")):
            expected = {o.metadata.name for o in self.model.values() if by_group(o) == index}
            assert names(self.store, index.name) == expected
        for name in "abc":
            assert self.store.get(key(name)) == self.model.get(key(name))


TestStoreAgainstDict = StoreAgainstDict.TestCase
TestStoreAgainstDict.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
