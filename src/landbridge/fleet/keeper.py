"""Keeps the record in memory and the one on the hub the same: a watch one way, few writes the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from landbridge.api.core import CONFIG_MAPS
from landbridge.api.meta import Key
from landbridge.api.names import FLEET_RECORD, SYSTEM_NAMESPACE
from landbridge.fleet.amendment import amend
from landbridge.fleet.ledger import Ledger
from landbridge.fleet.record import FleetRecord, RecordError, read_record, restore
from landbridge.kube.api import Api
from landbridge.kube.backoff import Backoff
from landbridge.kube.errors import KubeError
from landbridge.kube.informer import Informer

GATHER = 0.1
"""Seconds between a change and its write: when thousands end at once, their debts become few writes."""

RECORD = Key(SYSTEM_NAMESPACE, FLEET_RECORD)

log = structlog.get_logger()


class FleetChangedError(Exception):
    """The record has another uid: whatever is known of the fleet is known no more."""


class RecordKeeper:
    """Follows the record, and writes our changes of it.

    ``on_change`` gets the record as it was before, ``on_contact`` hears when it gets out of view or back.
    """

    def __init__(
        self,
        api: Api,
        ledger: Ledger,
        *,
        on_change: Callable[[FleetRecord], None],
        on_contact: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._api = api
        self._ledger = ledger
        self._on_change = on_change
        self._on_contact = on_contact
        self._sleep = sleep
        self._error: RecordError | None = None
        """What is wrong with the record that the hub has, if something is."""
        self._looked = asyncio.Event()
        self._informer = Informer(
            api,
            CONFIG_MAPS,
            namespace=SYSTEM_NAMESPACE,
            field=f"metadata.name={FLEET_RECORD}",
            on_change=self._changed,
            on_contact=self._contact,
        )

    @property
    def live(self) -> bool:
        """Whether the record is in view, and can be read."""
        return self._informer.live and self._error is None

    @property
    def error(self) -> KubeError | None:
        """What is wrong with it, or with the way to it."""
        return self._error or self._informer.error

    async def loaded(self) -> FleetRecord:
        """The record, once it is in view.

        Raises:
            RecordError: There is none, or somebody else wrote into it.
        """
        await self._looked.wait()
        if self._error:
            raise self._error
        return self._ledger.record

    async def run(self) -> None:
        """Follow and write, forever.

        Raises:
            FleetChangedError: In an ExceptionGroup.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._informer.run())
            tasks.create_task(self._write())

    def _contact(self) -> None:
        if self._informer.live:
            self._look()
            self._looked.set()
        elif self._informer.error:
            log.warning("fleet's record out of view", error=str(self._informer.error))
        else:
            return  # it was listed, and is about to be in view
        self._on_contact()

    def _changed(self, _: Key) -> None:
        was = self._error
        self._look()
        if (was is None) is not (self._error is None):
            self._on_contact()

    def _look(self) -> None:
        try:
            record = self._read()
        except RecordError as error:
            self._error = error
            log.error("fleet's record not usable, what it said last holds", error=str(error))
        else:
            self._error = None
            self._take(record)

    def _read(self) -> FleetRecord:
        found = self._informer.store.get(RECORD)
        if found is None:
            raise RecordError(
                f"ConfigMap {RECORD} is missing; `landbridge fleet init` makes a new fleet; if there was one, "
                f"{restore(self._ledger.record.uid or 'UID')}"
            )
        return read_record(found)

    def _take(self, record: FleetRecord) -> None:
        before, self._ledger.record = self._ledger.record, record
        if before.uid not in ("", record.uid):
            raise FleetChangedError(f"the fleet's record has uid {record.uid}, and had {before.uid}")
        if self._ledger.pending:  # what did not fit may fit now
            self._ledger.wanted.set()
        if record != before:
            self._on_change(before)

    async def _write(self) -> None:
        backoff = Backoff()
        while True:
            await self._ledger.wanted.wait()
            await self._sleep(GATHER)
            self._ledger.wanted.clear()
            try:
                await self._flush()
            except KubeError as error:
                self._ledger.trouble = str(error)
                self._ledger.wanted.set()
                log.warning("fleet's record not written", error=str(error))
                await self._sleep(backoff.next(error))
            else:
                backoff.reset()

    async def _flush(self) -> None:
        ledger, store = self._ledger, self._informer.store
        epoch = store.epoch
        answer = await amend(self._api, ledger.pending.fitted)
        record = read_record(answer)
        ledger.pending.forget(record)
        ledger.trouble = ""
        if ledger.pending and not ledger.wanted.is_set():
            ledger.trouble = _full(record)
            log.error("fleet's record not written", error=ledger.trouble)
        for key in store.answered(answer, epoch):
            self._changed(key)


def _full(record: FleetRecord) -> str:
    owed = ", ".join(f"{len(keys)} Services by {cluster}" for cluster, keys in sorted(record.debts.items()))
    return (
        f"the fleet's record takes no more debts (owed: {owed}); bring one of these clusters back, or give up what "
        "it holds with `landbridge fleet leave CLUSTER --force`"
    )
