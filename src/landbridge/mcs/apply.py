"""From changes to requests: creates and updates first, deletes only when all of those are acknowledged (rule S5)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.clusters.member import Member
from landbridge.kube.errors import NotFoundError
from landbridge.mcs.plan import Change, Changes

Written = Callable[[str, Change], None]


async def apply(member: Member, changes: Changes, written: Written = lambda verb, change: None) -> None:
    """Write the changes; each acknowledged one is in the member's store at once, and ``written`` hears of it.

    Raises:
        KubeError: A write failed; the others of its step were tried, later steps were not.
    """

    store = member.slices.store

    async def create(change: Change) -> None:
        async with member.writing:
            epoch = store.epoch
            store.answered(await member.api.create(SLICES, change.slice), epoch)
        written("create", change)

    async def update(change: Change) -> None:
        async with member.writing:
            await _update(member, change.slice)
        written("update", change)

    async def delete(change: Change) -> None:
        async with member.writing:
            await _delete(member, change.slice)
        written("delete", change)

    await _all([*map(create, changes.create), *map(update, changes.update)])
    await _all(map(delete, changes.delete))


async def _update(member: Member, slice_: EndpointSlice) -> None:
    store = member.slices.store
    epoch = store.epoch
    try:
        store.answered(await member.api.replace(SLICES, slice_), epoch)
    except NotFoundError:
        for key in store.gone(slice_.metadata, epoch):
            member.queue.add(key)  # it is made again at once, before its DELETED event or a back-off
        raise


async def _delete(member: Member, slice_: EndpointSlice) -> None:
    store = member.slices.store
    epoch = store.epoch
    held = None
    with contextlib.suppress(NotFoundError):  # somebody was faster
        held = await member.api.delete(SLICES, slice_.metadata)
    if held:  # by a finalizer of somebody's: it is there until the watch says otherwise
        store.answered(held, epoch)
    else:
        store.gone(slice_.metadata, epoch)


async def _all(writes: Iterable[Awaitable[None]]) -> None:
    results = await asyncio.gather(*writes, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
