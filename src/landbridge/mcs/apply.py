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

    async def create(change: Change) -> None:
        async with member.writing:
            member.slices.store.put(await member.api.create(SLICES, change.slice))
        written("create", change)

    async def update(change: Change) -> None:
        async with member.writing:
            member.slices.store.put(await member.api.replace(SLICES, change.slice))
        written("update", change)

    async def delete(change: Change) -> None:
        async with member.writing:
            await _delete(member, change.slice)
        written("delete", change)

    await _all([*map(create, changes.create), *map(update, changes.update)])
    await _all(map(delete, changes.delete))


async def _delete(member: Member, slice_: EndpointSlice) -> None:
    with contextlib.suppress(NotFoundError):  # somebody was faster
        await member.api.delete(SLICES, slice_.metadata)
    member.slices.store.drop(slice_)


async def _all(writes: Iterable[Awaitable[None]]) -> None:
    results = await asyncio.gather(*writes, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
