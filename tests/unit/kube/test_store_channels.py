"""Events in their order and answers in any order, interleaved in every way: the store is never wrong about the dead."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from landbridge.api.meta import Key, Object, ObjectMeta
from landbridge.kube.informer import own_key
from landbridge.kube.store import Store


def obj(name: str, version: int) -> Object:
    return Object(ObjectMeta(name=name, namespace="shop", resource_version=str(version)))


def version(obj: Object) -> int:
    return int(obj.metadata.resource_version)


@dataclass(frozen=True)
class Happened:
    """What the watch will tell."""

    object: Object
    deleted: bool


@dataclass(frozen=True)
class Answer:
    """What a request of ours brought: the object, or that it is not there in this version or an older one."""

    object: Object
    gone: bool
    epoch: int


names = st.sampled_from("ab")


class Channels(RuleBasedStateMachine):
    """An API server, somebody who writes there, and us, who write what our store lets us believe."""

    @initialize()
    def start(self) -> None:
        self.store: Store[Object] = Store(own_key)
        self.server: dict[str, Object] = {}
        self.version = 1
        self.backup: tuple[dict[str, Object], int] = ({}, 1)
        self.coming: list[Happened] = []
        self.answers: list[Answer] = []
        self.told: dict[str, Happened] = {}
        """The last that the watch, or a list, said of each."""

    def happens(self, name: str, *, deleted: bool = False) -> Object:
        self.version += 1
        made = obj(name, self.version)
        if deleted:
            del self.server[name]
        else:
            self.server[name] = made
        self.coming.append(Happened(made, deleted))
        return made

    @rule(name=names)
    def somebody_puts(self, name: str) -> None:
        self.happens(name)

    @rule(name=names)
    def somebody_deletes(self, name: str) -> None:
        if name in self.server:
            self.happens(name, deleted=True)

    @rule(name=names)
    def we_write(self, name: str) -> None:
        held, there = self.store.get(Key("shop", name)), self.server.get(name)
        if (held is None and there is None) or (held and held == there):
            self.answers.append(Answer(self.happens(name), False, self.store.epoch))
        elif held and there is None:
            self.answers.append(Answer(held, True, self.store.epoch))  # 404; a 409 teaches nothing

    @rule(name=names)
    def we_delete(self, name: str) -> None:
        held, there = self.store.get(Key("shop", name)), self.server.get(name)
        if held is None or there not in (held, None):
            return
        if there:
            self.happens(name, deleted=True)
        self.answers.append(Answer(held, True, self.store.epoch))

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def an_answer_arrives(self, data: st.DataObject) -> None:
        answer = self.answers.pop(data.draw(st.integers(0, len(self.answers) - 1)))
        if answer.gone:
            self.store.gone(answer.object.metadata, answer.epoch)
        else:
            self.store.answered(answer.object, answer.epoch)

    @precondition(lambda self: self.coming)
    @rule()
    def an_event_arrives(self) -> None:
        event = self.coming.pop(0)
        if event.deleted:
            self.store.drop(event.object)
        else:
            self.store.put(event.object)
        self.told[event.object.metadata.name] = event

    @rule()
    def a_list_arrives(self) -> None:
        self.coming.clear()
        self.store.replace(self.server.values(), str(self.version))
        self.told = {name: Happened(found, False) for name, found in self.server.items()}

    @rule()
    def somebody_backs_up(self) -> None:
        self.backup = (dict(self.server), self.version)

    @rule()
    def etcd_is_restored(self) -> None:
        self.server, self.version = dict(self.backup[0]), self.backup[1]
        self.a_list_arrives()

    @invariant()
    def nothing_that_the_watch_called_dead_is_there(self) -> None:
        for held in self.store:
            told = self.told.get(held.metadata.name)
            assert told is None or version(held) >= version(told.object), "older than what the watch told"
            assert told is None or not told.deleted or version(held) > version(told.object), "dead"

    def teardown(self) -> None:
        """When everything has arrived, the store holds what the server holds."""
        while self.coming:
            self.an_event_arrives()
        for answer in self.answers:
            if answer.gone:
                self.store.gone(answer.object.metadata, answer.epoch)
            else:
                self.store.answered(answer.object, answer.epoch)
        assert {held.metadata.name: held for held in self.store} == self.server


TestChannels = Channels.TestCase
TestChannels.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
