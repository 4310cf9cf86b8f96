"""The dispatcher's loop: woken by marks, it claims in transactions of its own and tells the workflows."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlmodel import Session

from base import clock, failpoints
from base.ids import new_id
from base.log import get_logger
from dispatch.batch import MAX_CLAIMS, Batch, BatchResult
from dispatch.offers import OfferTeller
from dispatch.timetable import Timetable
from store.db.database import Database
from store.db.signals import WORK_MARKED
from store.events.events import append_events
from store.routing.agent_states import RoutingWrites
from store.routing.claims import claimed_offers, count_claimed, lapsed_offers, take_lapsed_back
from store.routing.dispatch_lease import LEASE, give_lease_back, renew_lease, take_lease
from store.routing.dispatch_marks import MarkKind, append_marks, delete_marks, has_marks, read_marks
from store.routing.dispatch_settings import (
    DispatchSettings,
    read_dispatch_settings,
    settings_version,
)
from store.routing.transactions import with_routing_writes

MAX_MARKS = 500
MAX_UNCONFIRMED = 64
"""Claims that no workflow has confirmed: more are not made until some are."""
POLL_SECONDS = 0.5
_RENEW_SECONDS = LEASE.total_seconds() / 3
_LOOK_FOR_LAPSED_SECONDS = 5.0

_log = get_logger("dispatch")


class Dispatcher:
    """One process's dispatcher. It works while it holds the lease."""

    def __init__(
        self,
        database: Database,
        teller: OfferTeller,
        *,
        now: Callable[[], datetime] = clock.now,
        make_id: Callable[[], str] = new_id,
    ) -> None:
        self._database = database
        self._teller = teller
        self._now = now
        self._make_id = make_id
        self._id = uuid.uuid4().hex
        self._settings: DispatchSettings | None = None
        self._timetable: Timetable | None = None
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled."""
        async with self._database.signals.listening({WORK_MARKED: self._woken.set}) as announce:
            try:
                while True:
                    await self._wait_for_lease()
                    announce()
                    await self._work()
            finally:
                await self._database.write(lambda session: give_lease_back(session, self._id))

    async def _wait_for_lease(self) -> None:
        while True:
            if await self._database.write(lambda session: take_lease(session, self._id)):
                return
            await asyncio.sleep(_RENEW_SECONDS)

    async def _renew(self) -> bool:
        return await self._database.write(lambda session: renew_lease(session, self._id))

    async def _work(self) -> None:
        """Claim and tell for as long as the lease is renewed.

        A new holder tells every claim again and looks at everything once: the last one may have died between
        a change and what it had to do about it.
        """
        await self._database.write(lambda session: append_marks(session, [(MarkKind.ALL, "")]))
        self._teller.tell_later(await self._database.read(claimed_offers))
        loop = asyncio.get_running_loop()
        renewed_at = looked_at = loop.time()
        while True:
            if loop.time() - renewed_at >= _RENEW_SECONDS:
                if not await self._renew():
                    return
                renewed_at = loop.time()
            if loop.time() - looked_at >= _LOOK_FOR_LAPSED_SECONDS:
                await self._take_lapsed_back()
                looked_at = loop.time()
            self._woken.clear()
            is_busy = await self._dispatch()
            await self._teller.tell()
            if not is_busy:
                await self._wait()

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._woken.wait()

    async def _dispatch(self) -> bool:
        """Act on the marks that there are. Whether there may be more to do at once."""
        if not self._teller.is_temporal_there:
            return False
        await self._mark_opened()
        if not await self._database.read(has_marks):
            return False
        result = await self._database.write(self._batch)
        failpoints.reach("dispatch.claimed")
        self._teller.tell_later(result.claims)
        return bool(result.done or result.claims)

    async def _mark_opened(self) -> None:
        """Look at the queues that have opened, whatever their hours were when something entered them."""
        if self._timetable is None or self._timetable.is_empty:
            return
        marks = [(MarkKind.QUEUE, queue_id) for queue_id in self._timetable.opened(self._now())]
        if marks:
            await self._database.write(lambda session: append_marks(session, marks))

    def _batch(self, session: Session) -> BatchResult:
        room = MAX_UNCONFIRMED - count_claimed(session)
        if room <= 0:
            return BatchResult((), ())
        batch = Batch(
            session,
            self._current_settings(session),
            self._now(),
            self._make_id,
            max_claims=min(room, MAX_CLAIMS),
        )
        result = batch.act_on(read_marks(session, MAX_MARKS))
        delete_marks(session, result.done)
        append_marks(session, batch.writes.marks)
        append_events(session, batch.writes.events)
        return result

    def _current_settings(self, session: Session) -> DispatchSettings:
        if self._settings is None or self._settings.version != settings_version(session):
            self._settings = read_dispatch_settings(session)
            self._timetable = Timetable(self._settings, self._now())
        return self._settings

    async def _take_lapsed_back(self) -> None:
        now = self._now()
        for offer_id in await self._database.read(lambda session: lapsed_offers(session, now)):
            work = partial(_take_back, offer_id, now)
            await self._database.write(with_routing_writes(work))
            _log.warning("claim_taken_back", offer_id=offer_id)


def _take_back(offer_id: str, now: datetime, session: Session, writes: RoutingWrites) -> None:
    take_lapsed_back(session, offer_id, writes, now)
