"""Tells the conversations that are not closed of changed settings, paced, in the background.

Nobody depends on it: settings are read again with every command, every new conversation and before every
deadline is acted on. Only a deadline that the change moves to earlier would come late, at the next of these.
So the list of whom to tell lives in memory; what a crash takes with it is a delay, never a message.
"""

import asyncio
from typing import Annotated

from sqlalchemy.exc import SQLAlchemyError

from api.http.dependencies import from_app
from api.services.workflow_client import (
    RunNotFoundError,
    TemporalUnavailableError,
    TooManyUpdatesError,
    WorkflowClient,
)
from base.log import get_logger
from store.conversations.listing import live_customers
from store.db.database import Database

MAX_PER_SECOND = 50
_BATCH = 200
_FIRST_WAIT_SECONDS = 1.0
_MAX_WAIT_SECONDS = 30.0
# With Temporal up, one conversation that cannot be told must not keep the others waiting.
_TRIES = 5

_log = get_logger("api")


class SettingsFanout:
    """One queue of pages per process. A page that changes again while it waits is told once."""

    def __init__(
        self,
        database: Database,
        engine: WorkflowClient,
        *,
        per_second: float = MAX_PER_SECOND,
        first_wait: float = _FIRST_WAIT_SECONDS,
    ) -> None:
        self._database = database
        self._engine = engine
        self._pause = 1 / per_second
        self._first_wait = first_wait
        self._pages: dict[str, None] = {}
        self._changed = asyncio.Event()

    def tell(self, page_ids: list[str]) -> None:
        """Have the conversations of these pages told, soon. Call it after the change is committed."""
        self._pages |= dict.fromkeys(page_ids)
        self._changed.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._changed.wait()
            if not self._pages:
                self._changed.clear()
                continue
            page_id = next(iter(self._pages))
            del self._pages[page_id]  # before reading: a change from now on is another
            await self._tell_page(page_id)

    async def _tell_page(self, page_id: str) -> None:
        after = ""
        while customer_ids := await self._customers(page_id, after):
            for customer_id in customer_ids:
                await self._tell(page_id, customer_id)
                await asyncio.sleep(self._pause)
            after = customer_ids[-1]

    async def _customers(self, page_id: str, after: str) -> list[str]:
        tries = 0
        while True:
            try:
                return await self._database.read(
                    lambda session: live_customers(session, page_id, after=after, limit=_BATCH)
                )
            except SQLAlchemyError as error:
                _log.warning("settings_fanout_waits", error=type(error).__name__)
                await self._wait(tries)
                tries += 1

    async def _tell(self, page_id: str, customer_id: str) -> None:
        tries = 0
        while True:
            try:
                await self._engine.tell_settings_changed(page_id, customer_id)
            except RunNotFoundError:
                return  # it has ended, and reads the settings if it begins again
            except (TemporalUnavailableError, TooManyUpdatesError):
                tries += 1
            else:
                return
            if tries >= _TRIES and await self._engine_answers():
                _log.warning("settings_not_told", page_id=page_id, customer_id=customer_id)
                return
            await self._wait(tries)

    async def _engine_answers(self) -> bool:
        try:
            await self._engine.ping()
        except TemporalUnavailableError:
            return False
        return True

    async def _wait(self, tries: int) -> None:
        await asyncio.sleep(min(_MAX_WAIT_SECONDS, self._first_wait * 2 ** min(tries, 10)))


SettingsFanoutDep = Annotated[SettingsFanout, from_app("settings_fanout")]
