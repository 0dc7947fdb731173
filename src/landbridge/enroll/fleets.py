"""Which fleets use our account in a member: each has a mark of its own there, so that the last takes the account away.

A fleet that joined before there were marks is known by its imports.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

from landbridge.api.core import SERVICE_ACCOUNTS
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import FLEET_MARK, SYNC_ACCOUNT, SYSTEM_NAMESPACE
from landbridge.enroll.progress import Report, few
from landbridge.enroll.remains import foreign_imports
from landbridge.kube.api import Api
from landbridge.kube.errors import KubeError, NotFoundError

_ACCOUNT = ObjectMeta(SYNC_ACCOUNT, SYSTEM_NAMESPACE)


async def marked(member: Api) -> frozenset[str]:
    """The uids of the fleets that marked our account as theirs."""
    try:
        account = await member.get(SERVICE_ACCOUNTS, SYNC_ACCOUNT, SYSTEM_NAMESPACE)
    except NotFoundError:
        return frozenset()
    return frozenset(key.removeprefix(FLEET_MARK) for key in account.metadata.annotations if key.startswith(FLEET_MARK))


async def others(member: Api, fleet: str) -> Sequence[str]:
    """The uids of the other fleets that are there, as marks and imports say."""
    return sorted((await marked(member) | set(await foreign_imports(member, fleet))) - {fleet})


async def mark(member: Api, fleet: str, undo: AsyncExitStack, report: Report) -> None:
    """Note that this fleet uses the account; ``undo`` takes a new mark back."""
    if fleet in await marked(member):
        return
    undo.push_async_callback(_take_back, member, fleet, report)
    await _note(member, fleet, "joined")


async def unmark(member: Api, fleet: str) -> None:
    """Note that this fleet uses the account no more."""
    if fleet in await marked(member):
        await _note(member, fleet, None)


async def _take_back(member: Api, fleet: str, report: Report) -> None:
    try:
        await unmark(member, fleet)
    except KubeError as error:
        report(f"the mark of fleet {fleet} stays in {member.server}: {error}; leave, or join again")


async def _note(member: Api, fleet: str, value: str | None) -> None:
    note = {"metadata": {"annotations": {f"{FLEET_MARK}{fleet}": value}}}
    await member.merge_patch(SERVICE_ACCOUNTS, _ACCOUNT, note)


def staying(cluster: str, fleets: Sequence[str]) -> str:
    """What is said where the account has to stay, or would."""
    return (
        f"account, rules and namespace in {cluster} stay, since fleet {few(fleets)} uses them too; if that one is no "
        f"more, remove its imports (`landbridge fleet sweep {cluster} --fleet UID`) and its annotation {FLEET_MARK}UID "
        f"of ServiceAccount {SYSTEM_NAMESPACE}/{SYNC_ACCOUNT}, then leave again"
    )
