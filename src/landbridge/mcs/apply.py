"""From changes to requests: creates, then updates, then deletes, each step acknowledged before the next (rule S5).

A refusal holds back only what depends on it: an import keeps an endpoint until the import that it moved to has it
(`handover`), and everything else goes on. Acknowledged means that the answer holds what was sent: what an admission
webhook changed on the way is a failure like any other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence

from msgspec.structs import replace

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.api.kind import Kind
from landbridge.clusters.member import Member
from landbridge.kube.errors import ConflictError, KubeError, NotFoundError
from landbridge.mcs.handover import backends, keeping
from landbridge.mcs.plan import Change, Changes, differences, same

AT_ONCE = 4
"""Writes of one Service under way at once: one of many slices leaves room for the others of its cluster (rule S15)."""

Written = Callable[[str, Change], None]
Send = Callable[[Kind[EndpointSlice], EndpointSlice], Coroutine[None, None, EndpointSlice]]


class AlteredError(KubeError):
    """The cluster acknowledged something else than what was sent."""


class OvertakenError(KubeError):
    """The decision does not hold any more: it has to be made anew."""


class SeveralFailedError(KubeError):
    """Several writes of one Service failed."""

    def __init__(self, errors: tuple[Exception, ...]) -> None:
        super().__init__("; ".join(dict.fromkeys(map(str, errors))))
        self.errors = errors


async def apply(member: Member, changes: Changes, written: Written = lambda verb, change: None) -> None:
    """Write the changes; each one that the cluster took is in the member's store at once, and ``written`` hears of it.

    Raises:
        KubeError: Writes failed; all that does not depend on them was written.
    """
    await _Application(member, changes, written).run()


class _Application:
    """One application: which writes are not acknowledged yet, and what the imports hold by now."""

    def __init__(self, member: Member, changes: Changes, written: Written) -> None:
        self._member = member
        self._changes = changes
        self._written = written
        self._awaited = {c.name: backends(c.slice) for c in _bringing(changes)}
        """What each write that is not acknowledged, or not even to be made now, is to bring."""
        self._present = {c.name: c.present or c.slice for c in (*changes.update, *changes.delete)}
        self._failures: list[Exception] = []

    async def run(self) -> None:
        """Updates take two rounds where endpoints move between imports: for a moment they are in both."""
        taken = await self._step(self._create, self._changes.create)
        left = [*taken, *await self._step(self._update, self._changes.update)]
        for change in left:
            self._awaited.pop(change.name, None)  # what is awaited now was refused
        await self._step(self._update, left)
        await self._step(self._delete, self._changes.delete)
        if len(self._failures) > 1:
            raise SeveralFailedError(tuple(self._failures))
        for failure in self._failures:
            raise failure

    async def _step(
        self, write: Callable[[Change], Coroutine[None, None, bool]], changes: Sequence[Change]
    ) -> list[Change]:
        """Make all these changes at once; gives those that could not be made whole yet."""
        room = asyncio.Semaphore(AT_ONCE)

        async def written(change: Change) -> bool:
            async with room:
                return await write(change)

        results = await asyncio.gather(*map(written, changes), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                self._failures.append(result)
            elif isinstance(result, BaseException):
                raise result
        return [change for change, result in zip(changes, results, strict=True) if result is False]

    async def _create(self, change: Change) -> bool:
        try:
            answer = await self._put(change.slice, self._member.api.create)
        except ConflictError:  # it is there; its name proves that it is ours, whoever took our labels off
            found = self._member.slices.store.get(change.slice.metadata.key)
            if found is None:
                raise
            return await self._take_over(change, found)
        self._acknowledge("create", change, change.slice, answer)
        return True

    async def _take_over(self, change: Change, found: EndpointSlice) -> bool:
        """What nobody knew of when this was decided may hold what is awaited elsewhere, as after a restored etcd."""
        self._present[change.name] = found
        target = self._keeping(change, change.slice) or change.slice
        answer = self._present[change.name] = await self._replace(target, found)
        self._acknowledge("create", change, target, answer)
        return target is change.slice

    async def _update(self, change: Change) -> bool:
        target = self._keeping(change, change.slice) or change.slice
        await self._shrink(change, target)
        return target is change.slice

    async def _delete(self, change: Change) -> bool:
        if target := self._keeping(change, None):
            await self._shrink(change, target)
            return False
        async with self._member.writing:
            await self._hold()
            held = await self._remove(change.slice)
        if held and held.endpoints and held.metadata.uid not in self._member.emptied:
            await self._empty(change, held)
        self._written("delete", change)
        return True

    def _keeping(self, change: Change, wanted: EndpointSlice | None) -> EndpointSlice | None:
        others = (brought for name, brought in self._awaited.items() if name != change.name)
        awaited = {backend: endpoint for brought in others for backend, endpoint in brought.items()}
        return keeping(self._present[change.name], wanted, awaited)

    async def _shrink(self, change: Change, target: EndpointSlice) -> None:
        """Put ``target`` in place of what is there, unless that is the same."""
        present = self._present[change.name]
        if target is present or same(target, present):
            return
        answer = self._present[change.name] = await self._replace(target, present)
        self._acknowledge("update", change, target, answer)

    async def _replace(self, target: EndpointSlice, present: EndpointSlice) -> EndpointSlice:
        """Put ``target`` in place of the very version that ``present`` is."""
        version = present.metadata.resource_version
        aimed = replace(target, metadata=replace(target.metadata, resource_version=version))
        epoch = self._member.slices.store.epoch
        try:
            return await self._put(aimed, self._send_if_it_holds)
        except NotFoundError:
            for key in self._member.slices.store.gone(aimed.metadata, epoch):
                self._member.queue.add(key)  # it is made again at once, before its DELETED event or a back-off
            raise

    async def _send_if_it_holds(self, kind: Kind[EndpointSlice], slice_: EndpointSlice) -> EndpointSlice:
        await self._hold()
        return await self._member.api.replace(kind, slice_)

    async def _hold(self) -> None:
        """Before something is given up: whether what it relies on is still there. The decision may be old by now, after
        other writes, or after a sleep (SIGSTOP), for which the permit is asked first.

        Raises:
            OvertakenError: An import that was to stay was deleted meanwhile.
        """
        await self._member.api.permitted()
        there = self._member.slices.store.get
        for name, slice_ in self._changes.wanted.items():
            if name not in self._awaited and there(slice_.metadata.key) is None:
                raise OvertakenError(f"import {name} was deleted while others of its Service were written")

    async def _put(self, slice_: EndpointSlice, send: Send) -> EndpointSlice:
        store = self._member.slices.store
        async with self._member.writing:
            epoch = store.epoch
            answer = await send(SLICES, slice_)
            store.answered(answer, epoch)
        return answer

    async def _remove(self, slice_: EndpointSlice) -> EndpointSlice | None:
        """Delete; gives what stays nevertheless, until somebody's finalizer is off."""
        store = self._member.slices.store
        epoch = store.epoch
        held = None
        with contextlib.suppress(NotFoundError):  # somebody was faster
            held = await self._member.api.delete(SLICES, slice_.metadata)
        if held:  # it is there until the watch says otherwise
            store.answered(held, epoch)
        else:
            store.gone(slice_.metadata, epoch)
        return held

    async def _empty(self, change: Change, held: EndpointSlice) -> None:
        """What is held still routes, so it is to route nowhere; once, for whoever fills it again would do so again."""
        target = replace(held, endpoints=())
        answer = await self._replace(target, held)
        self._member.emptied.add(held.metadata.uid)
        self._acknowledge("update", Change(target, change.reason, held), target, answer)

    def _acknowledge(self, verb: str, change: Change, sent: EndpointSlice, answer: EndpointSlice) -> None:
        self._written(verb, Change(sent, change.reason, change.present))
        if altered := differences(sent, answer):
            raise AlteredError(
                f"EndpointSlice {sent.metadata.key} was changed on its way into {self._member.name} "
                f"({', '.join(altered)}); is a mutating webhook or policy at work there?"
            )
        self._awaited.pop(change.name, None)


def _bringing(changes: Changes) -> tuple[Change, ...]:
    return (*changes.create, *changes.update, *changes.withheld)
