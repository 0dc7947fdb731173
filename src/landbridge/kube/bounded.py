"""How much is read of what a server sends (rule S15): chunk by chunk, and no further than the bound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Sized

from landbridge.kube.errors import TooLargeError

MIB = 1 << 20

ANSWER = 32 * MIB
"""Bytes of one answer, after decompression: a page of the largest EndpointSlices there are by default has half. A page
that is larger is asked for in smaller ones."""

WHOLE_LIST = 256 * MIB
"""Bytes of all pages of a list. Labels and annotations are kept, so memory needs it; a thousand objects with as much of
them as Kubernetes takes come close, and what keeps a tenant from more is a quota of objects."""

LINE = 8 * MIB
"""Bytes of one line of a watch: five times what etcd takes for an object."""

REFUSAL = 64 * 1024
"""Bytes of an error answer that anybody looks at."""


def too_large(server: str, what: str, most: int) -> TooLargeError:
    """The error past a bound."""
    return TooLargeError(
        f"{server} sent {what} of more than {most // MIB} MiB, which is read no further: "
        "see what answers at this address, and which objects there are so large or so many"
    )


async def others_too(body: Sized) -> None:
    """Let other tasks run while much is read: what unpacks to much is there at once, and nothing else would wait."""
    if len(body) > MIB:
        await asyncio.sleep(0)


async def whole(chunks: AsyncIterable[bytes], most: int, error: TooLargeError) -> bytes:
    """Everything that comes.

    Raises:
        TooLargeError: The one given, as soon as there is more than ``most``.
    """
    body = bytearray()
    async for chunk in chunks:
        if len(body) + len(chunk) > most:
            raise error
        body += chunk
        await others_too(body)
    return bytes(body)


async def beginning(chunks: AsyncIterable[bytes], most: int) -> bytes:
    """What comes first, and no more than ``most`` of it."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) >= most:
            break
    return bytes(body[:most])
