"""Objects that are made once, as manifests: applied on the server's side, so that doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack

import msgspec

from landbridge.api.kind import Kind
from landbridge.api.meta import Object
from landbridge.enroll.progress import Report
from landbridge.enroll.waiting import until
from landbridge.fleet.rbac import Manifest
from landbridge.fleet.refusal import TimedOutError
from landbridge.kube.api import APPLY_PATCH, Api
from landbridge.kube.errors import KubeError, NotFoundError

FIELD_MANAGER = "landbridge"
GONE_TIMEOUT = 60.0
"""Seconds for what was deleted to be gone; a namespace takes some."""

_OBJECT = msgspec.json.Decoder(Manifest)

_PLURALS = {
    "Namespace": "namespaces",
    "ServiceAccount": "serviceaccounts",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "Secret": "secrets",
    "CustomResourceDefinition": "customresourcedefinitions",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}


def describe(manifest: Manifest) -> str:
    """Kind and name, for a person."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def path(manifest: Manifest) -> str:
    """The URL path of the object."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    kind = Kind(group, version, _PLURALS[manifest["kind"]], manifest["kind"], Object)
    return kind.path(manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"])


async def read(api: Api, manifest: Manifest) -> Manifest | None:
    """The object as the server has it, whole; ``None`` where it has none."""
    try:
        return api.decoded(_OBJECT, await api.request("GET", path(manifest)))
    except NotFoundError:
        return None


async def apply(api: Api, manifest: Manifest) -> bool:
    """Make the server's object say what the manifest says; whether it was made anew."""
    new = await read(api, manifest) is None
    params = {"fieldManager": FIELD_MANAGER, "force": "true"}
    body = msgspec.json.encode(manifest)
    await api.request("PATCH", path(manifest), params=params, body=body, content_type=APPLY_PATCH)
    return new


async def make(api: Api, objects: Iterable[Manifest], undo: AsyncExitStack, report: Report) -> None:
    """Apply objects; as far as they are new, ``undo`` takes them back. A namespace that is there stays as it is."""
    for manifest in objects:
        existing = await read(api, manifest)
        if existing and manifest["kind"] == "Namespace":
            continue
        if existing is None:  # registered before the write, since its answer may be lost
            undo.push_async_callback(_take_back, api, manifest, report)
        await apply(api, manifest)


async def _take_back(api: Api, manifest: Manifest, report: Report) -> None:
    try:
        await remove(api, manifest, report)
        await wait_gone(api, [manifest], GONE_TIMEOUT)
    except (KubeError, TimedOutError) as error:
        report(f"{describe(manifest)} stays in {api.server}: {error}; delete it, or join again")


async def remove(api: Api, manifest: Manifest, report: Report) -> None:
    """Delete the object if it is there."""
    try:
        await api.request("DELETE", path(manifest))
        report(f"{describe(manifest)} deleted in {api.server}")
    except NotFoundError:
        return


async def wait_gone(api: Api, objects: Iterable[Manifest], timeout: float) -> None:
    """Wait until none of these exists.

    Raises:
        TimedOutError: One still does after ``timeout`` seconds.
    """
    left = list(objects)

    async def done() -> bool:
        left[:] = [manifest for manifest in left if await read(api, manifest)]
        return not left

    def late() -> str:
        names = ", ".join(map(describe, left))
        return f"still there in {api.server} after {timeout:.0f} s: {names}; see its finalizers"

    await until(done, timeout, late)
