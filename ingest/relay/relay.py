"""The relay: reads the inbox in order, routes it into the store, and has the conversations signalled.

The store's commit comes before the signal. While Temporal is down messages still become readable; their
signals wait. An event that cannot be routed is quarantined without stopping the others; a database that is
away is no fault of any event.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from base import failpoints
from base.log import get_logger
from ingest.events.conflicts import ConflictWatch
from ingest.events.event_router import RoutedBatch, quarantine, route
from ingest.events.first_settings import FirstSettings
from ingest.inbox.reader import InboxReader
from ingest.relay.file_starter import FileStarter
from ingest.relay.leases import Leases, MachineLock, Part
from ingest.relay.projection_repairs import ProjectionRepairs
from ingest.relay.quarantine import log_quarantine
from ingest.relay.replay import replay
from ingest.relay.signaller import Signaller
from ingest.relay.wake_up import WakeUpEvent
from store.db.database import Database
from store.db.unavailable import may_be_of_the_data, reason
from store.inbox.relay_shares import Lease, LeaseLostError, advance
from store.inbox.unrouted import give_up_replays, requested_replays
from store.tables import InboxEvent

_POLL_SECONDS = 0.5
_STANDBY_SECONDS = 0.1
_RELEASE_TIMEOUT_SECONDS = 2.0
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
        wake_up: WakeUpEvent,
        wake_page: WakePage,
        machine_lock: MachineLock | None,
        files: FileStarter,
        projection_repairs: ProjectionRepairs,
    ) -> None:
        self._database = database
        self._reader = reader
        self._signaller = signaller
        self._wake_up = wake_up
        self._wake_page = wake_page
        self._machine_lock = machine_lock
        self._files = files
        self._projection_repairs = projection_repairs
        self._leases = Leases(database, alone=machine_lock is not None)
        self._conflicts = ConflictWatch(database, reader)
        self._first_settings = FirstSettings()

    async def run(self) -> None:
        """Relay until cancelled; then release what it holds."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._signaller.run())
                group.create_task(self._files.run())
                await self._relay()
        finally:
            await self._release_leases()

    async def _relay(self) -> None:
        while True:
            if self._machine_lock is not None and not self._machine_lock.try_hold():
                await asyncio.sleep(_STANDBY_SECONDS)
                continue
            try:
                busy = await self._step()
            except LeaseLostError as lost:
                _log.warning("lease_lost", detail=str(lost))
                self._leases.forget()
                busy = True
            except SQLAlchemyError as error:
                if may_be_of_the_data(error):
                    raise
                _log.error("store_unavailable", error=reason(error))
                self._leases.forget()  # what was under way may be committed
                await asyncio.sleep(_PAUSE_SECONDS)
                busy = True
            if not busy:
                await self._wake_up.wait(_POLL_SECONDS)

    async def _step(self) -> bool:
        """Route one batch; False when there is nothing to do."""
        if self._wake_up.shares_changed():
            self._leases.renew_soon()
        if self._leases.is_due():
            await self._renew_leases()
        if not self._leases:
            return False
        more_to_tell = await self._signaller.read_on()
        part = self._leases.furthest_behind()
        events, seen = await self._reader.part(part.partitions, after=part.seen, up_to=part.up_to)
        if events:
            await self._route(events, part, seen)
        else:
            self._leases.mark_read(part.partitions, seen)
        return bool(events) or part.up_to is not None or more_to_tell

    async def _renew_leases(self) -> None:
        former = self._leases.partitions
        share = await self._leases.renew()
        held = self._leases.partitions
        if held != former:
            _log.info("relay_holds", partitions=sorted(held))
        if not former:
            self._wake_up.announce()
        if held - former:
            self._signaller.take_over(held, survives=share.survives)
            if share.survives:
                self._projection_repairs.request("worker_died")
            await self._files.add_unfinished()
        await self._replay_requested()
        await self._conflicts.check()

    async def _replay_requested(self) -> None:
        requested = await self._database.read(requested_replays)
        if not requested:
            return
        events = await self._reader.by_ids(requested)
        if gone := set(requested) - {event.id for event in events}:
            _log.warning("replays_given_up", inbox_ids=sorted(gone))
            await self._database.write(partial(give_up_replays, inbox_ids=gone))
        for event in events:
            if event.partition in self._leases:
                (lease,) = self._leases.held([event.partition])
                await self._dispatch(await replay(self._database, event, lease, self._leases.relay_id))

    async def _route(self, events: list[InboxEvent], part: Part, up_to: int) -> None:
        leases = self._leases.held(part.partitions)
        try:
            routed = await self._database.write(self._routing(events, leases, up_to))
        except LeaseLostError:
            raise
        except Exception as error:
            if not may_be_of_the_data(error):
                raise
            _log.exception("batch_not_routed", size=len(events))
            await self._route_one_by_one(events)
            rest = [lease for lease in self._leases.held(part.partitions) if lease.position < up_to]
            await self._database.write(self._routing([], rest, up_to))
            routed = RoutedBatch()
        self._leases.mark_routed(part.partitions, up_to)
        failpoints.reach("relay.routed")
        await self._dispatch(routed)

    def _routing(
        self, events: list[InboxEvent], leases: list[Lease], up_to: int
    ) -> Callable[[Session], RoutedBatch]:
        def work(session: Session) -> RoutedBatch:
            routed = route(session, events, self._first_settings) if events else RoutedBatch()
            advance(session, self._leases.relay_id, leases, up_to)
            return routed

        return work

    async def _route_one_by_one(self, events: list[InboxEvent]) -> None:
        for event in events:
            (lease,) = self._leases.held([event.partition])
            work = self._routing([event], [lease], event.id or 0)
            for attempt in range(1, _TRIES + 1):
                try:
                    await self._dispatch(await self._database.write(work))
                    break
                except LeaseLostError:
                    raise
                except Exception as error:
                    if not may_be_of_the_data(error):
                        raise
                    if attempt == _TRIES:
                        await self._quarantine(event, lease, error)
            self._leases.mark_routed([event.partition], event.id or 0)

    async def _quarantine(self, event: InboxEvent, lease: Lease, error: Exception) -> None:
        why = log_quarantine(event, error)

        def work(session: Session) -> None:
            quarantine(session, event, why)
            advance(session, self._leases.relay_id, [lease], event.id or 0)

        await self._database.write(work)

    async def _dispatch(self, routed: RoutedBatch) -> None:
        for thread in routed.threads:
            self._signaller.add(
                thread.page_id,
                thread.customer_id,
                thread.events,
                fresh=thread.fresh,
                settings=thread.settings,
            )
        self._files.add(routed.files_to_fetch)
        self._files.add_deleted(routed.files_to_delete)
        for page_id in routed.pages:
            await self._wake_page(page_id)

    async def _release_leases(self) -> None:
        """Release what is held, so that the others need not find out that this relay is gone."""
        try:
            async with asyncio.timeout(_RELEASE_TIMEOUT_SECONDS):
                await self._leases.give_back()
        except (TimeoutError, SQLAlchemyError) as error:
            _log.warning("leases_not_given_back", error=reason(error))
        finally:
            if self._machine_lock is not None:
                self._machine_lock.release()
