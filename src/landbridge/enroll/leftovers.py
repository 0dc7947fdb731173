"""What is in a namespace, of whatever kind: a namespace is only deleted when it holds nothing of anybody else."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from landbridge.kube.api import Api
from landbridge.kube.errors import ForbiddenError, NotFoundError

Body = dict[str, Any]
_BODY = msgspec.json.Decoder(Body)

_ALWAYS_THERE = {
    ("events", None),
    ("serviceaccounts", "default"),
    ("configmaps", "kube-root-ca.crt"),
}
_LEGACY = "kubernetes.io/service-account-token"  # made by itself up to Kubernetes 1.23, and goes by itself


async def leftovers(api: Api, namespace: str) -> list[str]:
    """All objects in ``namespace``, as ``resource/name``, without those that every namespace has and those that end.

    Raises:
        KubeError: The server gave no whole answer; nothing may be concluded.
    """
    resources = await _namespaced_resources(api)
    found = await asyncio.gather(*(_objects(api, root, plural, namespace) for root, plural in resources))
    return sorted({name for names in found for name in names})


async def _namespaced_resources(api: Api) -> list[tuple[str, str]]:
    groups = (await _get(api, "/apis"))["groups"]
    roots = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)]
    lists = await asyncio.gather(*(_get(api, root) for root in roots))
    return [
        (root, resource["name"])
        for root, found in zip(roots, lists, strict=True)
        for resource in found["resources"]
        if resource["namespaced"] and "list" in resource["verbs"]
    ]


async def _objects(api: Api, root: str, plural: str, namespace: str) -> list[str]:
    try:
        items = (await _get(api, f"{root}/namespaces/{namespace}/{plural}"))["items"]
    except NotFoundError:
        return []
    except ForbiddenError:
        return [f"{plural} (not readable)"]
    return [f"{plural}/{item['metadata']['name']}" for item in items if _counts(plural, item)]


def _counts(plural: str, item: Body) -> bool:
    name = item["metadata"]["name"]
    given = (plural, None) in _ALWAYS_THERE or (plural, name) in _ALWAYS_THERE or item.get("type") == _LEGACY
    return not given and "deletionTimestamp" not in item["metadata"]


async def _get(api: Api, path: str) -> Body:
    return api.decoded(_BODY, await api.request("GET", path))
