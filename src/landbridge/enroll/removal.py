"""Deleting imports in a cluster with a person's own rights, each in the version that was seen (rule S5)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from landbridge.api.discovery import SLICES, EndpointSlice
from landbridge.enroll.progress import Report
from landbridge.kube.api import Api
from landbridge.kube.errors import ConflictError, NotFoundError

AT_ONCE = 16
"""Deletions under way."""

TOLD_EVERY = 100
"""Deletions between two lines of progress."""


class Swept(msgspec.Struct, frozen=True, rename="camel"):
    """How it ended, in numbers of imports."""

    removed: int = 0
    changed: int = 0
    """Kept: somebody wrote them, or the hub explains them by now."""
    held: int = 0
    """Marked, and held by somebody's finalizers."""


async def remove_imports(member: Api, slices: Sequence[EndpointSlice], report: Report) -> Swept:
    """Delete these, unless somebody wrote them since.

    Raises:
        KubeError: The cluster refused, or gave no answer; what went by then is gone, do it again.
    """
    ends: list[str] = []
    for first in range(0, len(slices), AT_ONCE):
        batch = slices[first : first + AT_ONCE]
        ends += await asyncio.gather(*(_remove(member, slice_) for slice_ in batch))
        if first % TOLD_EVERY < AT_ONCE and first:
            report(f"{first + len(batch)} of {len(slices)} done")
    return Swept(ends.count("removed"), ends.count("changed"), ends.count("held"))


async def _remove(member: Api, slice_: EndpointSlice) -> str:
    try:
        held = await member.delete(SLICES, slice_.metadata)
    except NotFoundError:
        return "removed"
    except ConflictError:
        return "changed"
    return "held" if held else "removed"
