"""The relay: reads the inbox in order, routes it into the store, and has the conversations signalled.

The store's commit comes before the signal. While the engine is away messages still become readable; their
signals wait. An event that cannot be routed is quarantined without stopping the others.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from base import clock, failpoints
from base.ids import new_id
from base.log import get_logger
from ingest.conflicts import ConflictWatch
from ingest.file_starts import FileStarter
from ingest.leases import LEASE, Lease, LeaseLostError, MachineLock, advance, take_leases
from ingest.reader import InboxReader
from ingest.replay import replay, requested_replays
from ingest.router import Routed, quarantine, route
from ingest.signaller import Signaller
from ingest.wake import Alarm
from store.database import Database
from store.tables import InboxEvent

_POLL_SECONDS = 0.5
_RENEW_EVERY = LEASE / 3
_TRIES = 3
_PAUSE_SECONDS = 0.5

_log = get_logger("ingest")
WakePage = Callable[[str], Awaitable[None]]


class Relay:
    """One relay of one worker process."""

    def __init__(
        self,
        *,
        database: Database,
        reader: InboxReader,
        signaller: Signaller,
        alarm: Alarm,
        wake_page: WakePage,
        machine_lock: MachineLock | None,
        files: FileStarter,
    ) -> None:
        self._database = database
        self._reader = reader
        self._signaller = signaller
        self._alarm = alarm
        self._wake_page = wake_page
        self._machine_lock = machine_lock
        self._files = files
        self._owner = new_id()
        self._leases: dict[int, Lease] = {}
        self._renewed_at = clock.now() - timedelta(days=1)
        self._conflicts = ConflictWatch(database, reader)

    async def run(self) -> None:
        """Relay until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._signaller.run())
            group.create_task(self._files.run())
            while True:
                try:
                    busy = await self._step()
                except LeaseLostError as lost:
                    _log.warning("lease_lost", detail=str(lost))
                    self._leases = {}
                    self._renewed_at -= LEASE
                    busy = True
                except OperationalError as error:
                    _log.error("store_unavailable", error=repr(error.orig))
                    await asyncio.sleep(_PAUSE_SECONDS)
                    busy = True
                if not busy:
                    await self._alarm.wait(_POLL_SECONDS)

    async def _step(self) -> bool:
        """Route one batch; False when there is nothing to do."""
        if self._machine_lock is not None and not self._machine_lock.try_hold():
            return False
        await self._hold_leases()
        if not self._leases:
            return False
        position = min(lease.position for lease in self._leases.values())
        read = await self._reader.after(position)
        if not read:
            return False
        mine = [event for event in read if self._is_mine(event)]
        await self._route(mine, up_to=read[-1].id or 0)
        return True

    def _is_mine(self, event: InboxEvent) -> bool:
        lease = self._leases.get(event.partition)
        return lease is not None and (event.id or 0) > lease.position

    async def _hold_leases(self) -> None:
        now = clock.now()
        if now - self._renewed_at < _RENEW_EVERY:
            return
        alone = self._machine_lock is not None
        held = await self._database.write(lambda session: take_leases(session, self._owner, now, alone=alone))
        if {lease.partition for lease in held} - self._leases.keys():
            await self._signaller.add_unfinished()
            await self._files.add_unfinished()
        self._leases = {lease.partition: lease for lease in held}
        self._renewed_at = now
        await self._replay_requested()
        await self._conflicts.look()

    async def _replay_requested(self) -> None:
        requested = await self._database.read(requested_replays)
        for event in await self._reader.these(requested) if requested else ():
            lease = self._leases.get(event.partition)
            if lease is not None:
                await self._hand_over(await replay(self._database, event, lease, self._owner))

    async def _route(self, events: list[InboxEvent], up_to: int) -> None:
        leases = list(self._leases.values())

        def work(session: Session) -> Routed:
            routed = route(session, events)
            advance(session, self._owner, leases, up_to)
            return routed

        try:
            routed = await self._database.write(work)
        except (OperationalError, LeaseLostError):
            raise
        except Exception:  # noqa: BLE001 - one odd event must not stop the others
            _log.exception("batch_not_routed", size=len(events))
            await self._route_one_by_one(events)
            await self._database.write(lambda session: advance(session, self._owner, leases, up_to))
            routed = Routed()
        self._leases = {n: Lease(n, lease.fence, up_to) for n, lease in self._leases.items()}
        failpoints.reach("relay.routed")
        await self._hand_over(routed)

    async def _route_one_by_one(self, events: list[InboxEvent]) -> None:
        for event in events:
            lease = self._leases[event.partition]
            for attempt in range(1, _TRIES + 1):
                try:
                    await self._hand_over(await self._database.write(_routing_one(event, lease, self._owner)))
                    break
                except (OperationalError, LeaseLostError):
                    raise
                except Exception as error:  # noqa: BLE001 - after its tries the event is quarantined
                    if attempt == _TRIES:
                        await self._quarantine(event, lease, error)
            self._leases[event.partition] = Lease(lease.partition, lease.fence, event.id or 0)

    async def _quarantine(self, event: InboxEvent, lease: Lease, error: Exception) -> None:
        _log.error("event_quarantined", inbox_id=event.id, kind=event.kind, error=repr(error))
        reason = f"{type(error).__name__} in routing"

        def work(session: Session) -> None:
            quarantine(session, event, reason)
            advance(session, self._owner, [lease], event.id or 0)

        await self._database.write(work)

    async def _hand_over(self, routed: Routed) -> None:
        for thread in routed.threads:
            self._signaller.add(
                thread.page_id,
                thread.customer_id,
                thread.events,
                fresh=thread.fresh,
                settings=thread.settings,
            )
        self._files.add(routed.files)
        self._files.add_taken_back(routed.taken_back)
        for page_id in routed.pages:
            await self._wake_page(page_id)


def _routing_one(event: InboxEvent, lease: Lease, owner: str) -> Callable[[Session], Routed]:
    def work(session: Session) -> Routed:
        routed = route(session, [event])
        advance(session, owner, [lease], event.id or 0)
        return routed

    return work
