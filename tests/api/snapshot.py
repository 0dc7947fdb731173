"""Everything that an API server holds, to be compared before and after."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from landbridge.kube.api import Api
from landbridge.kube.errors import ApiError

Body = dict[str, Any]

_RESTLESS = frozenset({"events", "leases", "nodes", "componentstatuses"})
_COUNTERS = frozenset({"resourceVersion", "managedFields", "generation"})


async def snapshot(api: Api) -> dict[str, Body]:
    """All objects of all kinds but those that never rest: uid, labels, annotations and content, by path.

    Status is left out, and so are counters of writes.
    """
    resources = await _resources(api)
    found = await asyncio.gather(*(_objects(api, root, plural) for root, plural in resources))
    return {path: body for objects in found for path, body in objects.items()}


def difference(before: dict[str, Body], after: dict[str, Body]) -> list[str]:
    """What was added, removed or changed, a line each."""
    lines = [f"+ {path}" for path in after.keys() - before.keys()]
    lines += [f"- {path}" for path in before.keys() - after.keys()]
    lines += [f"~ {path}" for path in before.keys() & after.keys() if before[path] != after[path]]
    return sorted(lines)


async def _resources(api: Api) -> list[tuple[str, str]]:
    groups = (await _get(api, "/apis"))["groups"]
    roots = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)]
    lists = await asyncio.gather(*(_get(api, root) for root in roots))
    return [
        (root, resource["name"])
        for root, found in zip(roots, lists, strict=True)
        for resource in found["resources"]
        if "list" in resource["verbs"] and resource["name"] not in _RESTLESS
    ]


async def _objects(api: Api, root: str, plural: str) -> dict[str, Body]:
    try:
        items = (await _get(api, f"{root}/{plural}"))["items"]
    except ApiError as error:
        if error.status in (404, 405):  # a CRD that is just being removed
            return {}
        raise
    return {_path(plural, item["metadata"]): _content(item) for item in items}


def _path(plural: str, meta: Body) -> str:
    return "/".join(part for part in (plural, meta.get("namespace", ""), meta["name"]) if part)


def _content(item: Body) -> Body:
    meta = {key: value for key, value in item["metadata"].items() if key not in _COUNTERS}
    return {key: value for key, value in item.items() if key not in ("status", "metadata")} | {"metadata": meta}


async def _get(api: Api, path: str) -> Body:
    body: Body = msgspec.json.decode(await api.request("GET", path))
    return body
