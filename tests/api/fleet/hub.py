"""A fleet for tests: what every test of it starts from, and how a member is forgotten quickly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from landbridge.api.coordination import LEASES
from landbridge.api.core import SECRETS
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import FINALIZER, LEASE, SYSTEM_NAMESPACE
from landbridge.enroll.manifests import remove, wait_gone
from landbridge.fleet import policy, rbac
from landbridge.fleet.members import members
from landbridge.fleet.policy import Limits
from landbridge.kube.api import Api
from landbridge.kube.errors import NotFoundError
from tests.silence import silent


async def forget_members(hub: Api) -> None:
    """Remove all cluster Secrets, finalizers or not."""
    for member in await members(hub):
        await hub.merge_patch(SECRETS, member.meta, {"metadata": {"finalizers": None}})
        if not member.leaving:
            await hub.request("DELETE", SECRETS.path(SYSTEM_NAMESPACE, member.meta.name))


async def forget_lease(hub: Api) -> None:
    """Remove the Lease: no controller has run for this hub yet."""
    with suppress(NotFoundError):
        await hub.delete(LEASES, ObjectMeta(LEASE, SYSTEM_NAMESPACE))


async def forget_account(member: Api) -> None:
    """Remove account, rules and admission policies of a join in a member."""
    for manifest in (*policy.manifests(Limits()), *rbac.manifests(rbac.MEMBER)):
        await remove(member, manifest, silent)


async def forget_namespace(member: Api) -> None:
    """Remove our namespace in a member; that takes seconds."""
    await remove(member, rbac.namespace(), silent)
    await wait_gone(member, [rbac.namespace()], 60)


@asynccontextmanager
async def letting_go(hub: Api) -> AsyncGenerator[None]:
    """A controller that does nothing but let leaving clusters go."""

    async def work() -> None:
        while True:
            for member in await members(hub):
                if member.leaving and FINALIZER in member.meta.finalizers:
                    await hub.merge_patch(SECRETS, member.meta, {"metadata": {"finalizers": None}})
            await asyncio.sleep(0.2)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def there_is(api: Api, path: str) -> bool:
    """Whether an object exists."""
    try:
        await api.request("GET", path)
    except NotFoundError:
        return False
    return True
